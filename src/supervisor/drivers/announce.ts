import { isIPv6 } from 'node:net';
import type { IpAddress, MacAddress } from '../../model/names.ts';
import { addressQuestion, announcements, claimOf, ETH_P_ARP, ETH_P_IPV6 } from './frames.ts';
import { u16, u32 } from './netlink/message.ts';
import type { DeviceState } from './netlink/route.ts';
import { AF_PACKET, type RawSocket, type RawSockets } from './raw-sockets.ts';

const SOCK_RAW = 3;

/** An AF_PACKET socket on one device; `protocol` 0 receives nothing (packet(7), `struct sockaddr_ll`). */
function packetSocket(
  sockets: RawSockets,
  device: number,
  protocol: number,
  onFrame: (frame: Buffer) => void = () => {},
): RawSocket {
  const network = Buffer.from([protocol >> 8, protocol & 0xff]);
  const bind = Buffer.concat([u16(AF_PACKET), network, u32(device), Buffer.alloc(12)]);
  // The protocol argument of socket(2) in network order: as the machine reads those two bytes.
  return sockets.open({ domain: AF_PACKET, type: SOCK_RAW, protocol: 0, bind }, onFrame);
}

/** Sends on a device who holds these addresses now; one burst, when to repeat it is decided elsewhere. */
export class Announcer {
  readonly #sockets: RawSockets;
  readonly #open = new Map<number, RawSocket>();

  constructor(sockets: RawSockets) {
    this.#sockets = sockets;
  }

  announce(device: DeviceState, addresses: readonly IpAddress[]): void {
    if (device.mac === undefined || !device.up) return;
    let socket = this.#open.get(device.index);
    if (socket === undefined) {
      socket = packetSocket(this.#sockets, device.index, 0);
      this.#open.set(device.index, socket);
    }
    for (const address of addresses) for (const frame of announcements(address, device.mac)) socket.send(frame);
  }

  stop(): void {
    for (const socket of this.#open.values()) socket.close();
    this.#open.clear();
  }
}

/**
 * Asks on the wire for an address, three times, and resolves to the first MAC that answers for it and is none of ours or
 * of our peers; undefined where nobody did within `patience` milliseconds.
 */
export function whoAnswers(
  sockets: RawSockets,
  device: DeviceState,
  address: IpAddress,
  known: ReadonlySet<MacAddress>,
  patience: number,
): Promise<MacAddress | undefined> {
  const { mac } = device;
  if (mac === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const end = (answer: MacAddress | undefined): void => {
      clearTimeout(timer);
      clearInterval(again);
      socket.close();
      resolve(answer);
    };
    const socket = packetSocket(sockets, device.index, isIPv6(address) ? ETH_P_IPV6 : ETH_P_ARP, (frame) => {
      const claimed = claimOf(frame, address);
      if (claimed !== undefined && claimed !== mac && !known.has(claimed)) end(claimed);
    });
    const timer = setTimeout(() => end(undefined), patience);
    const again = setInterval(() => socket.send(addressQuestion(address, mac)), patience / 3);
    socket.send(addressQuestion(address, mac));
  });
}
