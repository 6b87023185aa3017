import { parseIp } from '../../base/ip.ts';
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

function encode(address: IpAddress): Uint8Array {
  const ip = parseIp(address);
  if (ip === undefined) throw new Error(`"${address}" is no IP address`);
  const length = ip.version === 4 ? 4 : 16;
  return Uint8Array.from({ length }, (_, index) => Number((ip.bits >> BigInt(8 * (length - 1 - index))) & 0xffn));
}
