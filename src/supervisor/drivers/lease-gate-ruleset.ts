import type { IpAddress, MacAddress } from '../../model/names.ts';
import { addressBytes } from './addresses.ts';
import { passMark } from './backstop-ruleset.ts';

/** A device whose frames the gate sees, with its own MAC. */
export interface GateDevice {
  readonly name: string;
  readonly mac: MacAddress;
}

export const gateTable = 'muster';

/** Kernel marks of tokens have this bit, so that no mark of an address (its index below) is ever one of a token. */
export const tokenMarkBit = 0x8000_0000;

/** The mark that stands for the address with this index where a rule can only match it as a constant (ND targets). */
export const addressMark = (index: number): number => index + 1;

/** Chains whose rules must be exactly as rendered: all but `balance` and what the balancer hangs below it. */
export function gateChains(devices: readonly GateDevice[]): string[] {
  const perDevice = devices.flatMap(({ name }) =>
    ['ingress', 'egress', 'gate4', 'gate6'].map((kind) => `${kind}-${name}`),
  );
  return [...perDevice, 'open', 'quiet', 'arp-asked', 'arp-said', 'neighbour', 'neighbour-from'];
}

const is6 = (address: IpAddress): boolean => address.includes(':');
const elements = (list: readonly string[]): string => (list.length === 0 ? '' : ` elements = { ${list.join(', ')} };`);

/**
 * The lease gate as text for `nft -f`: what is there is replaced in one transaction, and the new gate is shut for all
 * addresses, because the sets that could open it are flushed with it. Chains of the balancer and the peers stay.
 *
 * A gate is open for an address while `granted4`/`granted6` point it at a token that is still in the timed set `armed`.
 * In the order in which a frame meets the rules, on every device:
 * 1. It is not for one of our addresses, or a bridge only shows us somebody else's frame: untouched.
 * 2. ARP and neighbour solicitations that ask for an address: need the open gate, else dropped.
 * 3. IP that was broadcast to the address: dropped, no honest client sends it, and every node would take it.
 * 4. IP from a peer director's MAC: delivered locally, never forwarded again. But while a hand-over to us is under way,
 *    what the old holder passes on (`passed`) is a client's frame behind an open gate: the old holder's token bounds it.
 * 5. IP with the gate open: to the balancer; what it does not take is delivered locally.
 * 6. Passed on to the new holder while `passing4`/`passing6` say so and the token that was given up (`yielded4`,
 *    `yielded6`) is still armed; else dropped.
 *
 * What it lets through bears a mark, which the backstop behind it (backstop-ruleset.ts) looks for and takes off again.
 *
 * nft 1.0.6 has no word for the target of a neighbour solicitation: the 16 bytes after the ICMPv6 header's first 8
 * (RFC 4861, 4.3) are matched raw, one rule per address, which it can only compare with a constant.
 */
export function renderGate(
  devices: readonly GateDevice[],
  addresses: readonly IpAddress[],
  staleChains: readonly string[] = [],
): string {
  const v4 = addresses.filter((address) => !is6(address));
  const targets = addresses.flatMap((address, index) =>
    is6(address) ? [{ mark: addressMark(index), raw: `0x${Buffer.from(addressBytes(address)).toString('hex')}` }] : [],
  );
  const v6 = addresses.filter(is6);
  const byTarget = (kind: string): string =>
    targets
      .map(({ mark, raw }) => `    icmpv6 type ${kind} @th,64,128 ${raw} meta mark set ${mark} goto neighbour\n`)
      .join('');
  const chain = (name: string, body: string): string => `  chain ${name} {\n${body}  }\n`;
  const gate = (device: GateDevice, family: 'ip' | 'ip6'): string => {
    const n = family === 'ip' ? 4 : 6;
    return chain(
      `gate${n}-${device.name}`,
      `    meta mark set 0
    meta mark set ${family} daddr map @granted${n}
    meta mark @armed goto open
    meta mark set 0
    meta mark set ${family} daddr map @yielded${n}
    meta mark @armed meta mark set 0 ether daddr set ${family} daddr map @passing${n} ether saddr set ${device.mac} fwd to "${device.name}"
    drop
`,
    );
  };
  const ingress = (device: GateDevice): string =>
    chain(
      `ingress-${device.name}`,
      `    type filter hook ingress device "${device.name}" priority -500; policy accept;
    ether daddr != ${device.mac} ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 accept
    arp daddr ip @addresses4 goto arp-asked
${byTarget('nd-neighbor-solicit')}    ether daddr != ${device.mac} ip daddr @addresses4 drop
    ether daddr != ${device.mac} ip6 daddr @addresses6 drop
    ether saddr . ip daddr @passed4 goto open
    ether saddr . ip6 daddr @passed6 goto open
    ether saddr @peers accept
    ip daddr @addresses4 goto gate4-${device.name}
    ip6 daddr @addresses6 goto gate6-${device.name}
`,
    );
  const egress = (device: GateDevice): string =>
    chain(
      `egress-${device.name}`,
      `    type filter hook egress device "${device.name}" priority 500; policy accept;
    arp saddr ip @addresses4 goto arp-said
${byTarget('nd-neighbor-advert')}    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 saddr @addresses6 goto neighbour-from
`,
    );
  const opened = (lookup: string): string =>
    `    meta mark set 0\n${lookup}    meta mark @armed goto quiet\n    drop\n`;
  const sets = `  set addresses4 { type ipv4_addr;${elements(v4)} }
  set addresses6 { type ipv6_addr;${elements(v6)} }
  set armed { type mark; flags timeout; }
  map granted4 { type ipv4_addr : mark; }
  map granted6 { type ipv6_addr : mark; }
  map granted-target { type mark : mark; }
  map yielded4 { type ipv4_addr : mark; flags timeout; }
  map yielded6 { type ipv6_addr : mark; flags timeout; }
  map passing4 { type ipv4_addr : ether_addr; flags timeout; }
  map passing6 { type ipv6_addr : ether_addr; flags timeout; }
  set passed4 { type ether_addr . ipv4_addr; flags timeout; }
  set passed6 { type ether_addr . ipv6_addr; flags timeout; }
  set peers { type ether_addr; }
  chain balance { }
`;
  const names = gateChains(devices);
  const emptied = ['armed', 'passed4', 'passed6', 'addresses4', 'addresses6'].map(
    (set) => `flush set netdev muster ${set}\n`,
  );
  const shut = ['granted4', 'granted6', 'granted-target', 'yielded4', 'yielded6', 'passing4', 'passing6'].map(
    (map) => `flush map netdev muster ${map}\n`,
  );
  const bare = sets.replace(/ elements = \{[^}]*\};/g, '');
  const declared = names.map((name) => `add chain netdev ${gateTable} ${name}${hookOf(name)}\n`);
  return [
    `table netdev ${gateTable} {\n${bare}}\n`,
    ...declared,
    ...[...names, ...staleChains].map((name) => `flush chain netdev ${gateTable} ${name}\n`),
    ...staleChains.map((name) => `delete chain netdev ${gateTable} ${name}\n`),
    ...emptied,
    ...shut,
    `table netdev ${gateTable} {\n`,
    sets,
    chain('open', `    meta mark set 0\n    jump balance\n    meta mark set ${passMark}\n    accept\n`),
    chain('quiet', `    meta mark set ${passMark}\n    accept\n`),
    chain('arp-asked', opened('    meta mark set arp daddr ip map @granted4\n')),
    chain('arp-said', opened('    meta mark set arp saddr ip map @granted4\n')),
    // The mark is the address's own when it comes here; without a grant it stays that, which is never armed.
    chain('neighbour', '    meta mark set meta mark map @granted-target\n    meta mark @armed goto quiet\n    drop\n'),
    chain('neighbour-from', opened('    meta mark set ip6 saddr map @granted6\n')),
    ...devices.flatMap((device) => [gate(device, 'ip'), gate(device, 'ip6'), ingress(device), egress(device)]),
    '}\n',
  ].join('');
}

/** Base chains have to be declared with their hook before they can be flushed. */
function hookOf(chain: string): string {
  const [kind, ...device] = chain.split('-');
  if (kind !== 'ingress' && kind !== 'egress') return '';
  const priority = kind === 'ingress' ? -500 : 500;
  return ` { type filter hook ${kind} device "${device.join('-')}" priority ${priority}; policy accept; }`;
}
