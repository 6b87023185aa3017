/** ICMP echo (RFC 792, RFC 4443 section 4) through a raw socket: one for each address, connected, so that only its answers come. */
import { isIPv6 } from 'node:net';
import type { IpAddress } from '../../model/names.ts';
import { addressBytes } from './addresses.ts';
import { u16 } from './netlink/message.ts';
import type { RawSocket, RawSockets } from './raw-sockets.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW = 3;
const ICMP = 1;
const ICMPV6 = 58;
const types = { 4: { request: 8, answer: 0 }, 6: { request: 128, answer: 129 } } as const;

/** The checksum of RFC 1071; the kernel writes that of IPv6 itself. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An echo request; `id` and `sequence` are 16 bits. */
export function echoRequest(version: 4 | 6, id: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes[0] = types[version].request;
  bytes.writeUInt16BE(id, 4);
  bytes.writeUInt16BE(sequence & 0xffff, 6);
  if (version === 4) bytes.writeUInt16BE(checksum(bytes), 2);
  return bytes;
}

/** Whether these bytes of a raw socket are an answer to a request of this id; those of IPv4 come with their IP header. */
export function isEchoAnswer(version: 4 | 6, bytes: Buffer, id: number): boolean {
  const at = version === 4 ? ((bytes[0] ?? 0) & 15) * 4 : 0;
  if (bytes.length < at + 8) return false;
  return bytes[at] === types[version].answer && bytes[at + 1] === 0 && bytes.readUInt16BE(at + 4) === id;
}

function socketAddress(address: IpAddress, version: 4 | 6): Buffer {
  const bytes = addressBytes(address);
  if (version === 4) return Buffer.concat([u16(AF_INET), Buffer.alloc(2), bytes, Buffer.alloc(8)]);
  return Buffer.concat([u16(AF_INET6), Buffer.alloc(6), bytes, Buffer.alloc(4)]);
}

/** One address that is asked again and again. */
export class Echo {
  readonly address: IpAddress;
  readonly #sockets: RawSockets;
  readonly #version: 4 | 6;
  readonly #id: number;
  readonly #onAnswer: () => void;
  #socket: RawSocket | undefined;
  #sequence = 0;

  constructor(sockets: RawSockets, address: IpAddress, id: number, onAnswer: () => void) {
    this.#sockets = sockets;
    this.address = address;
    this.#version = isIPv6(address) ? 6 : 4;
    this.#id = id;
    this.#onAnswer = onAnswer;
  }

  /** Sends one request. Where there is no way to the address, the next one begins with a new socket. */
  ask(): void {
    const version = this.#version;
    this.#socket ??= this.#sockets.open(
      {
        domain: version === 4 ? AF_INET : AF_INET6,
        type: SOCK_RAW,
        protocol: version === 4 ? ICMP : ICMPV6,
        connect: socketAddress(this.address, version),
      },
      (bytes) => {
        if (isEchoAnswer(version, bytes, this.#id)) this.#onAnswer();
      },
      () => this.stop(),
    );
    this.#sequence++;
    this.#socket.send(echoRequest(version, this.#id, this.#sequence));
  }

  stop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
