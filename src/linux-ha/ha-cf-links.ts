import { canonicalIp, parseIp } from '../base/ip.ts';
import type { Link } from '../model/cluster.ts';
import { defaultUdpPort } from '../model/defaults.ts';
import { type Line, type MistakeList, parseWhole, type Token } from './lines.ts';

/** The directives that are links; those that end in 6 are the same for IPv6 alone. */
export const linkDirectives = ['ucast', 'ucast6', 'bcast', 'mcast', 'mcast6'] as const;

/** An address without a zone; undefined where it is none, or its zone is not this device. */
function addressOn(device: string, text: string): string | undefined {
  const [address, zone] = text.split('%', 2);
  return zone === undefined || zone === device ? canonicalIp(address!) : undefined;
}

/** 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291, 2.7). */
function isMulticast(address: string): boolean {
  return address.includes(':') ? address.startsWith('ff') : /^2(2[4-9]|3\d)\./.test(address);
}

/** `GROUP [PORT [TTL [LOOP]]]` of a mcast line. */
function readMulticast(device: Token, rest: readonly Token[], wantsIp6: boolean, list: MistakeList): Link[] {
  const [group, port, ttl, loop] = rest;
  const address = addressOn(device.text, group?.text ?? '');
  if (address === undefined || !isMulticast(address) || (wantsIp6 && !address.includes(':'))) {
    const kind = wantsIp6 ? 'an IPv6 multicast address' : 'a multicast address';
    list.add(group ?? device, `Cannot read mcast as ${kind} must follow the device: "${group?.text ?? ''}"`);
    return [];
  }
  const numbers = [
    parseWhole(port?.text ?? String(defaultUdpPort), 1, 65_535),
    parseWhole(ttl?.text ?? '1', 0, 255),
    parseWhole(loop?.text ?? '0', 0, 1),
  ] as const;
  const wrong = numbers.indexOf(undefined);
  if (wrong >= 0) {
    const token = rest[wrong + 1]!;
    const what = ['a port (1 to 65535)', 'a time to live (0 to 255)', 'loop (0 or 1)'][wrong]!;
    list.add(token, `Cannot read mcast as ${what} must stand here: "${token.text}"`);
    return [];
  }
  const [portNumber, ttlNumber, loopNumber] = numbers as readonly [number, number, number];
  return [{ method: 'mcast', device: device.text, group: address, port: portNumber, ttl: ttlNumber, loop: loopNumber }];
}

function readUnicast(device: Token, peer: Token | undefined, wantsIp6: boolean, list: MistakeList): Link[] {
  if (peer === undefined) {
    list.add(device, `Cannot read ucast as an address must follow the device "${device.text}": none does`);
    return [];
  }
  const address = addressOn(device.text, peer.text);
  if (peer.text.includes('%') && address === undefined) {
    list.add(peer, `Cannot read ucast as the zone of an address must be its device "${device.text}": "${peer.text}"`);
    return [];
  }
  if (wantsIp6 && parseIp(address ?? '')?.version !== 6) {
    list.add(peer, `Cannot read ucast6 as an IPv6 address must follow the device: "${peer.text}"`);
    return [];
  }
  return [{ method: 'ucast', device: device.text, peer: address ?? peer.text }];
}

/** The links of a line that begins with one of `linkDirectives` and has a second word; mistakes go to the list. */
export function readLinks(line: Line, list: MistakeList): Link[] {
  const [head, device, ...rest] = line.tokens as [Token, Token, ...Token[]];
  if (head.text === 'bcast') return [device, ...rest].map(({ text }) => ({ method: 'bcast', device: text }));
  const wantsIp6 = head.text.endsWith('6');
  if (head.text.startsWith('mcast')) return readMulticast(device, rest, wantsIp6, list);
  return readUnicast(device, rest[0], wantsIp6, list);
}

/** The line of ha.cf that says this link; with heartbeat's own words for IPv6, which it keeps apart. */
export function writeLink(link: Link): string {
  if (link.method === 'bcast') return `bcast ${link.device}`;
  const target = link.method === 'ucast' ? link.peer : link.group;
  const directive = target.includes(':') ? `${link.method}6` : link.method;
  if (link.method === 'ucast') return `${directive} ${link.device} ${target}`;
  return `${directive} ${link.device} ${target} ${link.port} ${link.ttl} ${link.loop}`;
}
