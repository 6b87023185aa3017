import { type Random, seededRandom } from '../../src/base/random.ts';
import { timingsOf } from './cluster.ts';
import type { FaultKind, Plan, TimedFault } from './plan.ts';

const kinds: readonly FaultKind[] = [
  'power',
  'kill',
  'freeze',
  'freeze',
  'stall',
  'stall',
  'refuse',
  'cut',
  'cut',
  'partition',
  'partition',
  'flush',
  'standby',
  'standby',
  'leave',
];

/** What a fault is drawn for. */
type Stage = Pick<Plan, 'nodes' | 'links' | 'store'> & {
  readonly voters: number;
  readonly kinds: readonly FaultKind[];
  /** Where leases are long, some faults are. */
  readonly longer: number;
};

/**
 * All of a run, from one number: the cluster, its clocks and network, and what goes wrong when. `twoNodes`: there are two and no
 * third vote, where nothing else was drawn that forbids it.
 */
export function drawPlan(seed: number, twoNodes = false): Plan {
  const random = seededRandom(seed);
  const store = random.chance(0.08) ? random.pick(['etcd', 'disk'] as const) : undefined;
  const changes = store === undefined && random.chance(0.12);
  const two = twoNodes && store === undefined && !changes;
  const some = changes
    ? random.between(3, 6)
    : random.chance(0.55)
      ? 3
      : random.between(2, store === undefined ? 9 : 4);
  const nodes = two ? 2 : some;
  const arbiters =
    two || store !== undefined ? 0 : nodes === 2 ? 1 : random.chance(nodes % 2 === 0 ? 0.4 : 0.1) ? 1 : 0;
  const far = arbiters > 0 && random.chance(0.35);
  const fast = random.chance(0.25);
  const voters = nodes + arbiters;
  const { lease } = timingsOf({ fast, far, store });
  const longer = Math.max(1, lease / 200);
  const driftBound = random.pick([0.001, 0.001, 0.01, 0.05]);
  const drift = store === undefined && random.chance(0.06) ? driftBound * random.pick([2, 3, 4]) : driftBound;
  const links = far ? 1 : random.pick([1, 1, 1, 2, 3]);
  const healAt = random.between(4000, 16_000) * Math.sqrt(longer);
  // Where a fault follows another at once, most defects show.
  const pace = random.pick([100, 300, 1000, 3000]) * (random.chance(0.5) ? 1 : Math.sqrt(longer));
  const drawn = [...kinds];
  if (links > 1) drawn.push('one-link', 'one-link');
  if (store !== undefined) drawn.push('store', 'store', 'store');
  if (random.chance(0.3)) drawn.push('attack', 'attack');
  if (random.chance(0.2)) drawn.push('reach', 'reach');
  if (changes) drawn.push(...Array.from({ length: 8 }, () => ['add', 'remove'] as const).flat());
  const stage: Stage = { nodes, links, store, voters, kinds: drawn, longer };
  const faults: TimedFault[] = [];
  for (let at = random.between(500, 1500); at < healAt - 10; at += 1 + random.next() * 2 * pace)
    faults.push(...withRivals(random, stage, drawFault(random, stage, at), changes && seed % 2 === 0));
  const rough = random.chance(0.6);
  return {
    seed,
    nodes,
    arbiters,
    groups: random.between(1, 3),
    autoFailback: random.chance(0.3),
    // Not drawn, so that every seed stays the run that it was.
    keeps: seed % 4 === 0,
    driftBound,
    fast,
    changes,
    far,
    store,
    rates: Array.from({ length: voters }, () => 1 + drift * drawDrift(random)),
    drift,
    links,
    wire: random.chance(drawn.includes('attack') ? 0.25 : 0.02),
    network: {
      loss: rough ? random.pick([0, 0.01, 0.05, 0.2]) : 0,
      duplicate: rough ? random.pick([0, 0.02, 0.1]) : 0,
      usual: random.pick([0.3, 1, 5]),
      slow: random.pick([20, 100, 400]),
      slowShare: rough ? random.pick([0, 0.01, 0.1]) : 0,
    },
    // Where a write takes long, crashes and other ballots come in the middle of it. Not drawn, either.
    slowDisk: changes && seed % 2 === 0 ? 200 : undefined,
    slowCommands: random.pick([0, 0.002, 0.02]),
    faults,
    healAt,
    // A change of the voters that is under way goes on for so long.
    endAt: healAt + 6000 + 8 * Math.max(0, lease - 200) + (changes ? 10_000 + 10 * lease : 0),
  };
}

/** Of the drift that there may be: all of it in either direction, or some. */
export function drawDrift(random: Random): number {
  return random.chance(0.5) ? (random.chance(0.5) ? 1 : -1) : random.next() * 2 - 1;
}

/** Operators of other nodes who want other voters at the same time: their ballots come into each other's way. */
function withRivals(random: Random, stage: Stage, fault: TimedFault, rivals: boolean): TimedFault[] {
  if (!rivals || (fault.kind !== 'add' && fault.kind !== 'remove')) return [fault];
  const others = Array.from({ length: 2 }, (): TimedFault => {
    const [node, voter] = [random.between(0, stage.nodes - 1), random.between(0, stage.voters - 1)];
    return { kind: random.pick(['add', 'remove'] as const), node, voter, at: fault.at + random.next() * 100 };
  });
  return [fault, ...others];
}

function drawFault(random: Random, stage: Stage, at: number): TimedFault {
  const { nodes, voters, links } = stage;
  const kind = random.pick(stage.kinds);
  const lasts =
    random.pick([20, 60, 150, 250, 400, 1500]) * (0.5 + random.next()) * (random.chance(0.5) ? stage.longer : 1);
  const node = random.between(0, voters - 1);
  switch (kind) {
    case 'cut':
      return { kind, from: node, to: (node + random.between(1, voters - 1)) % voters, at, lasts };
    case 'partition': {
      const side = random.between(1, 2 ** voters - 2);
      return { kind, side: [...Array(voters).keys()].filter((index) => (side >> index) & 1), at, lasts };
    }
    case 'flush':
      return { kind, node: random.between(0, nodes - 1), at };
    case 'add':
    case 'remove':
      return { kind, node: random.between(0, nodes - 1), voter: random.between(0, voters - 1), at };
    case 'one-link':
      return { kind, node: random.between(0, nodes - 1), link: random.between(1, links), at, lasts };
    case 'store':
      return { kind, node: random.chance(0.5) ? undefined : random.between(0, nodes - 1), at, lasts };
    case 'reach':
      return { kind, node: random.between(0, nodes - 1), reached: random.between(0, 2), at };
    case 'standby':
    case 'leave':
    case 'stall':
    case 'refuse':
      return { kind, node: random.between(0, nodes - 1), at, lasts };
    case 'power':
    case 'kill':
    case 'freeze':
    case 'attack':
      return { kind, node, at, lasts };
    default:
      throw new Error(`${kind} is not drawn`);
  }
}
