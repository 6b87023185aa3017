// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of the source that is changed.
import type { Edit } from '../../simulation/defect.ts';
import type { Check } from './checks.ts';

/** One rule of the real gate taken out of its source, and the check that has to see it. */
export interface GateDefect {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly seenBy: Check;
}

const edit = (file: string, find: string, replace = ''): Edit => ({
  file: `supervisor/drivers/${file}`,
  find,
  replace,
});
const rule = (find: string, replace?: string): Edit => edit('lease-gate-ruleset.ts', find, replace);
const step = (find: string, replace?: string): Edit => edit('lease-gate.ts', find, replace);
const backstop = (find: string, replace?: string): Edit => edit('backstop-ruleset.ts', find, replace);

/** The backstop stands behind the gate and drops what a gap in it lets through: to see the gap it has to be away. */
const noBackstop = backstop('...devices.flatMap((device) => [', '...devices.slice(0, 0).flatMap((device) => [');

/** So stands egress behind ingress: a question that comes in is answered only where the answer goes out. */
const saysArp = rule('    arp saddr ip @addresses4 goto arp-said\n');
const backstopSaysArp = backstop('    [...etherType(ETH_P_ARP), ...ip4(14), drop],\n');

/** Two rules hold back an advertisement: by its target, and by its sender. */
const bySender =
  '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 saddr @addresses6 goto neighbour-from\n';
const advertises = [
  rule("${byTarget('nd-neighbor-advert')}"),
  rule(bySender, bySender.replace('nd-neighbor-advert, ', '')),
];
const backstopAdvertises = [
  backstop('    [...icmp6(136, 136), ...target, drop],\n'),
  backstop('[...icmp6(134, 136), ...ip6(8), drop]', '[...icmp6(134, 135), ...ip6(8), drop]'),
];

/** Each list: the check, and what it sees. */
const seen: readonly (readonly [Check, Readonly<Record<string, readonly Edit[]>>])[] = [
  [
    'shut: no frame of a client is accepted',
    {
      'no-gate-for-ip4': [rule('    ip daddr @addresses4 goto gate4-${device.name}\n'), noBackstop],
      'no-gate-for-ip6': [rule('    ip6 daddr @addresses6 goto gate6-${device.name}\n'), noBackstop],
    },
  ],
  [
    'shut: nobody who asks is told where the addresses are',
    {
      'arp-is-answered': [rule('    arp daddr ip @addresses4 goto arp-asked\n'), saysArp, noBackstop],
      'solicitations-are-answered': [rule("${byTarget('nd-neighbor-solicit')}"), ...advertises, noBackstop],
    },
  ],
  [
    'shut: nobody is told so unasked',
    {
      'arp-is-said': [saysArp, noBackstop],
      'advertisements-are-said': [...advertises, noBackstop],
      'asks-from-the-address': [rule(bySender), noBackstop],
    },
  ],
  [
    'armed and granted: it answers until it was armed for, and no longer',
    {
      'granted-is-open': [rule('@granted${n}\n    meta mark @armed goto open', '@granted${n}\n    goto open')],
      'armed-for-ever': [step('key: markBytes(this.#mark(token)), timeout }', 'key: markBytes(this.#mark(token)) }')],
    },
  ],
  [
    'handed over: frames go on to the other node until the token of the last grant ends',
    {
      'passes-on-for-ever': [
        rule('meta mark @armed meta mark set 0 ether daddr set', 'meta mark set 0 ether daddr set'),
      ],
    },
  ],
  [
    'a frame of a peer director: delivered here without asking the gate, and never balanced',
    {
      'peers-ask-the-gate': [rule('    ether saddr @peers accept\n')],
      'peers-are-balanced': [rule('    ether saddr @peers accept\n', '    ether saddr @peers goto open\n')],
    },
  ],
  [
    'flushed by somebody: no frame of a client is accepted',
    {
      'no-backstop': [noBackstop],
      'backstop-without-ip4': [backstop('    [...etherType(ETH_P_IP), ...ip4(16), drop],\n')],
      'backstop-without-ip6': [backstop('    [...etherType(ETH_P_IPV6), ...ip6(24), drop],\n')],
    },
  ],
  [
    'flushed by somebody: nobody who asks is told where the addresses are',
    {
      'backstop-without-arp': [backstop('    [...etherType(ETH_P_ARP), ...ip4(24), drop],\n'), backstopSaysArp],
      'backstop-without-solicitations': [
        backstop('    [...icmp6(135, 135), ...target, drop],\n'),
        ...backstopAdvertises,
      ],
    },
  ],
  [
    'flushed by somebody: nobody is told so unasked',
    {
      'backstop-lets-arp-out': [backstopSaysArp],
      'backstop-lets-advertisements-out': backstopAdvertises,
      'backstop-lets-questions-out': [backstop('    [...icmp6(134, 136), ...ip6(8), drop],\n')],
    },
  ],
  [
    'flushed by somebody: a peer director is served',
    {
      'backstop-without-peers': [
        backstop("    [...packetType(PACKET_HOST), ...isIn('peers', 'link', 6, 6), accept],\n"),
      ],
    },
  ],
  ['an order after its deadline: refused', { 'late-orders-are-obeyed': [step(' || this.#options.now() > deadline')] }],
  [
    'granted what was not armed: shut',
    {
      'unarmed-is-granted': [
        step('if (armed === undefined || !groups.every((group) => armed.includes(group))) return false;'),
      ],
    },
  ],
  [
    'closed: shut at once',
    { 'closed-stays-open': [step('return this.#change({ ...handOver, remove });', 'return this.#change(handOver);')] },
  ],
];

export const gateDefects: readonly GateDefect[] = seen.flatMap(([seenBy, defects]) =>
  Object.entries(defects).map(([name, edits]) => ({ name, edits, seenBy })),
);
