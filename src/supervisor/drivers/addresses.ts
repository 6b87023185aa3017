import { parseIp, showIp } from '../../base/ip.ts';
import type { IpAddress } from '../../model/names.ts';

/** A node has few addresses, and asks for their bytes with each renewal. */
const known = new Map<IpAddress, Uint8Array>();

/** The 4 or 16 bytes of an address in network order, not to be changed; throws on text that is none. */
export function addressBytes(address: IpAddress): Uint8Array {
  let bytes = known.get(address);
  if (bytes === undefined) {
    bytes = encode(address);
    known.set(address, bytes);
  }
  return bytes;
}

/** The canonical text of an address of 4 or 16 bytes in network order. */
export function addressOf(bytes: Uint8Array): IpAddress {
  const bits = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return showIp({ version: bytes.length === 4 ? 4 : 6, bits });
}

function encode(address: IpAddress): Uint8Array {
  const ip = parseIp(address);
  if (ip === undefined) throw new Error(`"${address}" is no IP address`);
  const length = ip.version === 4 ? 4 : 16;
  return Uint8Array.from({ length }, (_, index) => Number((ip.bits >> BigInt(8 * (length - 1 - index))) & 0xffn));
}
