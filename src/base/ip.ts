/** IP addresses as numbers and as their one canonical text. Pure: the decisions in `core` may use it. */

export interface Ip {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

export interface Network {
  readonly version: 4 | 6;
  readonly bits: bigint;
  readonly prefix: number;
}

const width = (version: 4 | 6): number => (version === 4 ? 32 : 128);

function parseIp4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    // A leading zero would mean octal to some programs and decimal to others, so it means nothing here.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function parseIp6(text: string): bigint | undefined {
  if (!/^[0-9a-f:.]+$/i.test(text)) return undefined;
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const low = parseIp4(dotted[2]!);
    if (low === undefined) return undefined;
    source = `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = groups.reduce((sum, half) => sum + half.length, 0);
  if (halves.length === 2 ? given > 7 : given !== 8) return undefined;
  const all = halves.length === 2 ? [...groups[0]!, ...Array(8 - given).fill('0'), ...groups[1]!] : groups[0]!;
  let bits = 0n;
  for (const group of all) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    bits = (bits << 16n) | BigInt(`0x${group}`);
  }
  return bits;
}

/** The address that the text says, or undefined where it is none (a network, a host name, a zone suffix). */
export function parseIp(text: string): Ip | undefined {
  const version = text.includes(':') ? 6 : 4;
  const bits = version === 6 ? parseIp6(text) : parseIp4(text);
  return bits === undefined ? undefined : { version, bits };
}

function showIp6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(16 * (7 - index))) & 0xffffn);
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0n) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

/** Canonical text: dotted decimal, or RFC 5952 (lower case, the longest run of zeros as `::`). */
export function showIp(ip: Ip): string {
  if (ip.version === 6) return showIp6(ip.bits);
  return [24n, 16n, 8n, 0n].map((shift) => (ip.bits >> shift) & 0xffn).join('.');
}

/** The canonical text of an address, or undefined where the text is no address. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text);
  return ip === undefined ? undefined : showIp(ip);
}

/** `10.77.0.0/24`, host bits allowed; a bare address is a network of one. Undefined where the text is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address, length, ...rest] = text.split('/');
  const ip = parseIp(address ?? '');
  if (ip === undefined || rest.length > 0) return undefined;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? width(ip.version) : Number(length);
  if (prefix > width(ip.version)) return undefined;
  const shift = BigInt(width(ip.version) - prefix);
  return { version: ip.version, bits: (ip.bits >> shift) << shift, prefix };
}

/** Whether the address lies in the network. */
export function networkContains(network: Network, ip: Ip): boolean {
  const shift = BigInt(width(network.version) - network.prefix);
  return network.version === ip.version && network.bits >> shift === ip.bits >> shift;
}

/** 24 for `255.255.255.0`; undefined where the text is no netmask. */
export function prefixOfNetmask(text: string): number | undefined {
  const bits = parseIp4(text);
  if (bits === undefined) return undefined;
  const binary = bits.toString(2).padStart(32, '0');
  return /^1*0*$/.test(binary) ? binary.lastIndexOf('1') + 1 : undefined;
}
