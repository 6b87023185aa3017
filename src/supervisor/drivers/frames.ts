/** Ethernet frames that musterd sends and reads itself: ARP (RFC 826, RFC 5227) and neighbour discovery (RFC 4861). */
import { isIPv6 } from 'node:net';
import type { IpAddress, MacAddress } from '../../model/names.ts';
import { addressBytes } from './addresses.ts';
import { macBytes } from './netlink/nftables.ts';

export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;
const ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const broadcast = 'ff:ff:ff:ff:ff:ff';
const unspecifiedMac = '00:00:00:00:00:00';

function ethernet(to: MacAddress, from: MacAddress, type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([macBytes(to), macBytes(from), Buffer.from([type >> 8, type & 0xff]), payload]);
}

function arp(operation: 1 | 2, mac: MacAddress, sender: Uint8Array, targetMac: MacAddress, target: Uint8Array): Buffer {
  // Ethernet (1), IPv4 (0x0800), lengths 6 and 4, operation.
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]);
  const body = Buffer.concat([head, macBytes(mac), sender, macBytes(targetMac), target]);
  return ethernet(broadcast, mac, ETH_P_ARP, body);
}

/** The checksum of RFC 1071 over the IPv6 pseudo header (RFC 8200, 8.1) and an ICMPv6 message. */
function icmpv6Checksum(from: Uint8Array, to: Uint8Array, message: Uint8Array): number {
  const bytes = Buffer.concat([from, to, Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6]), message]);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Neighbour discovery in IPv6 with hop limit 255, to a multicast address and the MAC that belongs to it. */
function neighbourFrame(mac: MacAddress, from: Uint8Array, to: Uint8Array, message: Buffer): Buffer {
  message.writeUInt16BE(icmpv6Checksum(from, to, message), 2);
  const head = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, 255]);
  const multicast = `33:33:${Buffer.from(to.subarray(12))
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1:')}`;
  return ethernet(multicast, mac, ETH_P_IPV6, Buffer.concat([head, from, to, message]));
}

/**
 * What tells the network where an address is now. For IPv4 a gratuitous request and reply, because some stacks heed only
 * one of them; for IPv6 an unsolicited advertisement to all nodes, with override and the router flag off.
 */
export function announcements(address: IpAddress, mac: MacAddress): Buffer[] {
  const bytes = addressBytes(address);
  if (!isIPv6(address)) return [arp(1, mac, bytes, unspecifiedMac, bytes), arp(2, mac, bytes, mac, bytes)];
  const override = 0x20;
  const head = Buffer.from([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, override, 0, 0, 0]);
  const option = Buffer.concat([Buffer.from([2, 1]), macBytes(mac)]);
  return [neighbourFrame(mac, bytes, addressBytes('ff02::1'), Buffer.concat([head, bytes, option]))];
}

/** Asks who has an address without claiming one: from 0.0.0.0 (RFC 5227) or from :: (RFC 4862, 5.4). */
export function addressQuestion(address: IpAddress, mac: MacAddress): Buffer {
  const bytes = addressBytes(address);
  if (!isIPv6(address)) return arp(1, mac, new Uint8Array(4), unspecifiedMac, bytes);
  const solicited = addressBytes('ff02::1:ff00:0');
  solicited.set(bytes.subarray(13), 13);
  const head = Buffer.from([NEIGHBOUR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0]);
  return neighbourFrame(mac, new Uint8Array(16), solicited, Buffer.concat([head, bytes]));
}

/** The MAC that a frame claims for `address`, where the frame is ARP from it or a neighbour advertisement for it. */
export function claimOf(frame: Buffer, address: IpAddress): MacAddress | undefined {
  const bytes = addressBytes(address);
  const type = frame.length >= 14 ? frame.readUInt16BE(12) : 0;
  const text = (mac: Uint8Array): MacAddress => [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  if (type === ETH_P_ARP && !isIPv6(address)) {
    return frame.length >= 42 && frame.subarray(28, 32).equals(bytes) ? text(frame.subarray(22, 28)) : undefined;
  }
  if (type !== ETH_P_IPV6 || !isIPv6(address) || frame.length < 78) return undefined;
  const advertises = frame[20] === ICMPV6 && frame[54] === NEIGHBOUR_ADVERTISEMENT;
  return advertises && frame.subarray(62, 78).equals(bytes) ? text(frame.subarray(6, 12)) : undefined;
}
