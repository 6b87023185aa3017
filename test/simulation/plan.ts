import { type Random, seededRandom } from '../../src/base/random.ts';

/** One thing that goes wrong, or that an operator asks for, at a time and for a while (true milliseconds). */
export type Fault =
  | { readonly kind: 'power'; readonly node: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'kill'; readonly node: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'freeze'; readonly node: number; readonly at: number; readonly lasts: number }
  /** Commands to the kernel wait: a stuffed pipe, a helper that is not scheduled. */
  | { readonly kind: 'stall'; readonly node: number; readonly at: number; readonly lasts: number }
  /** Nothing gets from one node to the other, in this direction. */
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly at: number; readonly lasts: number }
  /** Two sides that do not hear each other; bit i of `side` says where node i is. */
  | { readonly kind: 'partition'; readonly side: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'flush'; readonly node: number; readonly at: number }
  | { readonly kind: 'standby'; readonly node: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'leave'; readonly node: number; readonly at: number; readonly lasts: number };

export type FaultKind = Fault['kind'];

/** A whole run, drawn from its seed before it starts. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly arbiters: number;
  readonly groups: number;
  readonly autoFailback: boolean;
  readonly driftBound: number;
  /** The defaults, or a lease of 80 ms that is renewed every 20. */
  readonly fast: boolean;
  /** Rates of the voters' clocks against true time. */
  readonly rates: readonly number[];
  readonly network: {
    readonly loss: number;
    readonly duplicate: number;
    /** Milliseconds on the way: usually up to `usual`, sometimes (`slowShare`) up to `slow`. */
    readonly usual: number;
    readonly slow: number;
    readonly slowShare: number;
  };
  /** Share of the commands to a kernel that wait for up to 300 ms. */
  readonly slowCommands: number;
  readonly faults: readonly Fault[];
  /** When all faults are healed, and when the run ends. */
  readonly healAt: number;
  readonly endAt: number;
}

const kinds: readonly FaultKind[] = [
  'power',
  'kill',
  'freeze',
  'freeze',
  'stall',
  'stall',
  'cut',
  'cut',
  'partition',
  'partition',
  'flush',
  'standby',
  'standby',
  'leave',
];

export function drawPlan(seed: number): Plan {
  const random = seededRandom(seed);
  const nodes = random.chance(0.6) ? 3 : random.between(2, 5);
  const arbiters = nodes === 2 ? 1 : random.chance(0.15) ? 1 : 0;
  const voters = nodes + arbiters;
  const driftBound = random.pick([0.001, 0.001, 0.01, 0.05]);
  const healAt = random.between(4000, 16_000);
  // Where a fault follows another at once, most defects show.
  const pace = random.pick([100, 300, 1000, 3000]);
  const faults: Fault[] = [];
  for (let at = random.between(500, 1500); at < healAt - 10; at += 1 + random.next() * 2 * pace)
    faults.push(drawFault(random, nodes, voters, at));
  const rough = random.chance(0.6);
  return {
    seed,
    nodes,
    arbiters,
    groups: random.between(1, 3),
    autoFailback: random.chance(0.3),
    driftBound,
    fast: random.chance(0.25),
    rates: Array.from({ length: voters }, () =>
      random.chance(0.3) ? 1 + (random.chance(0.5) ? 0.5 : -0.5) * driftBound : 1 + (random.next() - 0.5) * driftBound,
    ),
    network: {
      loss: rough ? random.pick([0, 0.01, 0.05, 0.2]) : 0,
      duplicate: rough ? random.pick([0, 0.02, 0.1]) : 0,
      usual: random.pick([0.3, 1, 5]),
      slow: random.pick([20, 100, 400]),
      slowShare: rough ? random.pick([0, 0.01, 0.1]) : 0,
    },
    slowCommands: random.pick([0, 0.002, 0.02]),
    faults,
    healAt,
    endAt: healAt + 6000,
  };
}

function drawFault(random: Random, nodes: number, voters: number, at: number): Fault {
  const kind = random.pick(kinds);
  const lasts = random.pick([20, 60, 150, 250, 400, 1500]) * (0.5 + random.next());
  const node = random.between(0, voters - 1);
  switch (kind) {
    case 'cut':
      return { kind, from: node, to: (node + random.between(1, voters - 1)) % voters, at, lasts };
    case 'partition':
      return { kind, side: random.between(1, 2 ** voters - 2), at, lasts };
    case 'flush':
      return { kind, node: random.between(0, nodes - 1), at };
    case 'standby':
    case 'leave':
    case 'stall':
      return { kind, node: random.between(0, nodes - 1), at, lasts };
    default:
      return { kind, node, at, lasts };
  }
}
