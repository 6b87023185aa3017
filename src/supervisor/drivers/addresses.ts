import { isIPv4, isIPv6 } from 'node:net';
import type { IpAddress } from '../../model/names.ts';

/** The 4 or 16 bytes of an address in network order; throws on text that is none. */
export function addressBytes(address: IpAddress): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new Error(`"${address}" is no IP address`);
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const words = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').flatMap((part) => {
          if (!part.includes('.')) return [Number.parseInt(part, 16)];
          const [a, b, c, d] = part.split('.').map(Number);
          return [(a! << 8) | b!, (c! << 8) | d!];
        });
  const front = words(head);
  const back = words(tail ?? '');
  const all =
    tail === undefined ? front : [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** True where `address` lies in the network `cidr` (`10.77.0.11/24`). */
export function inNetwork(address: IpAddress, cidr: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  if (isIPv6(address) !== isIPv6(network)) return false;
  const [left, right] = [addressBytes(address), addressBytes(network)];
  const bits = Number(length);
  return left.every((byte, index) => {
    const mask = (0xff << (8 - Math.min(8, Math.max(0, bits - index * 8)))) & 0xff;
    return (byte & mask) === (right[index]! & mask);
  });
}
