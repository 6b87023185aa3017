/**
 * Netlink messages in bytes: `struct nlmsghdr`, `struct nlmsgerr` (linux/netlink.h) and attributes (`struct nlattr`),
 * in the byte order of the machine unless an attribute says otherwise.
 */
import { endianness } from 'node:os';

const little = endianness() === 'LE';

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** What a dump shows changed while it went on. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const HEADER = 16;

function putU16(bytes: Buffer, value: number, at: number): void {
  if (little) bytes.writeUInt16LE(value, at);
  else bytes.writeUInt16BE(value, at);
}

function putU32(bytes: Buffer, value: number, at: number): void {
  if (little) bytes.writeUInt32LE(value >>> 0, at);
  else bytes.writeUInt32BE(value >>> 0, at);
}

/** u16 in the machine's byte order. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  putU16(bytes, value, 0);
  return bytes;
}

/** u32 in the machine's byte order. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  putU32(bytes, value, 0);
  return bytes;
}

/** u32 in network byte order. */
export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** u64 in network byte order. */
export function be64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), 0);
  bytes.writeUInt32BE(value >>> 0, 4);
  return bytes;
}

/** A string as the kernel wants it, ended by a zero. */
export function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

export function readU16(bytes: Buffer, at: number): number {
  return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

export function readU32(bytes: Buffer, at: number): number {
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

function readI32(bytes: Buffer, at: number): number {
  return little ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
}

/** One attribute, filled up to a multiple of 4 bytes. */
export function attribute(type: number, value: Uint8Array): Buffer {
  const length = 4 + value.length;
  const bytes = Buffer.alloc((length + 3) & ~3);
  putU16(bytes, length, 0);
  putU16(bytes, type, 2);
  bytes.set(value, 4);
  return bytes;
}

/** An attribute that holds attributes. */
export function nested(type: number, ...children: readonly Uint8Array[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(children));
}

/** A whole message. */
export function netlinkMessage(type: number, flags: number, sequence: number, body: Uint8Array): Buffer {
  const length = HEADER + body.length;
  const bytes = Buffer.alloc((length + 3) & ~3);
  putU32(bytes, length, 0);
  putU16(bytes, type, 4);
  putU16(bytes, flags, 6);
  putU32(bytes, sequence, 8);
  bytes.set(body, HEADER);
  return bytes;
}

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** The messages of one datagram; what is cut off is left out. */
export function readMessages(bytes: Buffer): NetlinkMessage[] {
  const found: NetlinkMessage[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = readU32(bytes, at);
    if (length < HEADER || at + length > bytes.length) break;
    found.push({
      type: readU16(bytes, at + 4),
      flags: readU16(bytes, at + 6),
      sequence: readU32(bytes, at + 8),
      body: bytes.subarray(at + HEADER, at + length),
    });
    at += (length + 3) & ~3;
  }
  return found;
}

/** Attributes by type; `bytes` begins with the first one. */
export function readAttributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = readU16(bytes, at);
    if (length < 4 || at + length > bytes.length) break;
    found.set(readU16(bytes, at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/** The errno of an NLMSG_ERROR message (0: acknowledged) as a positive number. */
export function errnoOf(message: NetlinkMessage): number {
  return Math.abs(readI32(message.body, 0));
}
