import { type Random, seededRandom } from '../../src/base/random.ts';
import { drawDrift } from './draw.ts';
import type { Plan, TimedFault } from './plan.ts';

/**
 * The same plan, in half of the seeds wider: two arbiters, up to nine nodes beside a store, more links, and faults that
 * `drawPlan` has none of. The other seeds stay the runs that they were.
 */
export function withWider(plan: Plan): Plan {
  // A source of its own: the faults beside these are those of the seed.
  const random = seededRandom(plan.seed ^ 0x3a11de);
  if (random.chance(0.5)) return plan;
  const { nodes, arbiters } = drawSize(random, plan);
  const more = nodes + arbiters - plan.nodes - plan.arbiters;
  const wide: Plan = {
    ...plan,
    nodes,
    arbiters,
    rates: [...plan.rates, ...Array.from({ length: more }, () => 1 + plan.drift * drawDrift(random))],
    links: plan.far ? 1 : random.pick([plan.links, 2, 3]),
  };
  const kinds = [
    'stop',
    'stop',
    'slow',
    'slow',
    'link',
    'nftables',
    ...(wide.links > 1 ? ['one-link', 'one-link'] : []),
  ];
  const faults: TimedFault[] = [...plan.faults];
  const pace = random.pick([200, 600, 2000]);
  for (let at = random.between(500, 2500); at < plan.healAt - 10; at += 1 + random.next() * 2 * pace)
    faults.push(drawFault(random, wide, random.pick(kinds), at));
  // Not where what is judged by goes by one lease: clocks beyond their bound, sets of voters, stores, resources.
  const one = plan.fast || plan.far || plan.changes || plan.store !== undefined || plan.agents !== undefined;
  const shortens = !one && plan.drift <= plan.driftBound && random.chance(0.15);
  const shortensAt = shortens ? random.between(1000, plan.healAt - 500) : undefined;
  return { ...wide, shortensAt, faults: faults.sort((left, right) => left.at - right.at) };
}

/** Two arbiters where there may be any; beside a store as many nodes as without. */
function drawSize(random: Random, { nodes, arbiters, store }: Plan): Pick<Plan, 'nodes' | 'arbiters'> {
  if (store !== undefined) return { nodes: random.chance(0.5) ? random.between(nodes, 9) : nodes, arbiters };
  // Two nodes without an arbiter are those that fence each other.
  const may = nodes > 2 || arbiters > 0;
  return { nodes, arbiters: may && random.chance(arbiters > 0 ? 0.5 : 0.15) ? 2 : arbiters };
}

function drawFault(random: Random, { nodes, arbiters, links }: Plan, kind: string, at: number): TimedFault {
  const voters = nodes + arbiters;
  const lasts = random.pick([20, 60, 150, 250, 400, 1500, 4000]) * (0.5 + random.next());
  const node = random.between(0, nodes - 1);
  switch (kind) {
    case 'nftables':
      return { kind, node, at };
    case 'one-link':
      return { kind, node, link: random.between(1, links), at, lasts };
    case 'slow':
      return {
        kind,
        side: Array.from({ length: voters }, (_, voter) => voter).filter(
          (voter) => voter === node || random.chance(0.2),
        ),
        delayMs: random.pick([0, 5, 20, 80, 300]),
        jitterMs: random.pick([0, 10, 100]),
        loss: random.pick([0, 0.05, 0.3, 0.8]),
        at,
        lasts,
      };
    case 'stop':
    case 'link':
      return { kind, node: random.between(0, voters - 1), at, lasts };
    default:
      throw new Error(`${kind} is not drawn`);
  }
}
