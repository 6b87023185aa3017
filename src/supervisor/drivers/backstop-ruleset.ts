import type { IpAddress, MacAddress } from '../../model/names.ts';
import { addressBytes } from './addresses.ts';
import { ETH_P_ARP, ETH_P_IPV6 } from './frames.ts';
import type { Request } from './netlink/connection.ts';
import { batch, type Element, macBytes, newElement } from './netlink/nftables.ts';
import {
  accept,
  baseChain,
  byteBetween,
  deletedTable,
  drop,
  type Expression,
  etherType,
  isIn,
  layer4,
  markIs,
  newRule,
  newSet,
  ownedTable,
  packetType,
  setMark,
} from './netlink/nftables-rules.ts';

export const backstopTable = 'muster-backstop';

/** What the gate leaves on the frames that it lets through, for the backstop right behind it, which takes it off again. */
export const passMark = 0x6d75_7374;

const ETH_P_IP = 0x0800;
const ICMPV6 = 58;
const PACKET_HOST = 0;
const PACKET_OTHERHOST = 3;
const addressLength = { 4: 4, 6: 16 } as const;

export const peerElement = (mac: MacAddress): Element => ({ set: 'peers', key: macBytes(mac) });

/**
 * The backstop as one transaction, which replaces what this socket made before. It stands right behind the gate on every
 * device, and drops what is for one of the addresses (or, going out, speaks for one) and does not bear the gate's mark:
 * so without the gate nothing is let through. Only what a peer director sends is delivered all the same, as the gate
 * would do it without asking anybody. It holds no lease and no secret: it never changes but with devices and peers.
 *
 * ICMPv6 types 134 to 136: router advertisement, neighbour solicitation and advertisement (RFC 4861, 4.2 to 4.4).
 */
export function backstopTransaction(
  devices: readonly string[],
  addresses: readonly IpAddress[],
  peers: ReadonlySet<MacAddress>,
): Request[] {
  const table = backstopTable;
  const elements = [
    ...addresses.map((address) => ({ set: address.includes(':') ? 'ip6' : 'ip4', key: addressBytes(address) })),
    ...[...peers].map(peerElement),
  ];
  const ip4 = (offset: number): Expression[] => isIn('ip4', 'network', offset, addressLength[4]);
  const ip6 = (offset: number): Expression[] => isIn('ip6', 'network', offset, addressLength[6]);
  const icmp6 = (least: number, most: number): Expression[] => [
    ...etherType(ETH_P_IPV6),
    ...layer4(ICMPV6),
    ...byteBetween('transport', 0, least, most),
  ];
  const target = isIn('ip6', 'transport', 8, addressLength[6]);
  const passed = [...markIs(passMark), ...setMark(0), accept];
  const ingress = [
    passed,
    [...packetType(PACKET_OTHERHOST), accept],
    [...etherType(ETH_P_ARP), ...ip4(24), drop],
    [...icmp6(135, 135), ...target, drop],
    [...packetType(PACKET_HOST), ...isIn('peers', 'link', 6, 6), accept],
    [...etherType(ETH_P_IP), ...ip4(16), drop],
    [...etherType(ETH_P_IPV6), ...ip6(24), drop],
  ];
  const egress = [
    passed,
    [...etherType(ETH_P_ARP), ...ip4(14), drop],
    [...icmp6(136, 136), ...target, drop],
    [...icmp6(134, 136), ...ip6(8), drop],
  ];
  return batch([
    ownedTable(table),
    deletedTable(table),
    ownedTable(table),
    newSet(table, 'ip4', 'ipv4_addr', 1),
    newSet(table, 'ip6', 'ipv6_addr', 2),
    newSet(table, 'peers', 'ether_addr', 3),
    ...elements.map((element) => newElement(table, element)),
    ...devices.flatMap((device) => [
      baseChain(table, `ingress-${device}`, 'ingress', device, -499),
      baseChain(table, `egress-${device}`, 'egress', device, 501),
      ...ingress.map((rule) => newRule(table, `ingress-${device}`, ...rule)),
      ...egress.map((rule) => newRule(table, `egress-${device}`, ...rule)),
    ]),
  ]);
}
