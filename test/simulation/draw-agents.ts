import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Behaviour } from './agents.ts';
import { drawPlan } from './draw.ts';
import type { Plan, TimedFault } from './plan.ts';

const behaviours: readonly Behaviour[] = [
  { says: 'failed' },
  { says: 'failed', does: 'run' },
  { says: 'failed', does: 'stop' },
  { says: 'unable' },
  { says: 'ok', does: 'nothing' },
  { says: 'notRunning' },
  { hangs: true },
  { hangs: true },
  { takes: 250 },
];

/** The run of a seed, with resources in every group whose agents fail, hang and lie; no voters come or go. */
export function drawPlanWithAgents(seed: number): Plan {
  // A source of its own, so that every seed without agents stays the run that it was.
  const random = seededRandom(seed ^ 0x2f6e2b1);
  const { slowDisk: _, ...plan } = withAgents(drawPlan(seed), random);
  const faults = plan.faults.filter(({ kind }) => kind !== 'add' && kind !== 'remove');
  return { ...plan, changes: false, faults };
}

/** The same with resources in every group, and with what happens to them. */
export function withAgents(plan: Plan, random: Random): Plan {
  const agents = random.between(1, 3);
  const faults: TimedFault[] = [...plan.faults];
  const pace = random.pick([200, 600, 2000]);
  for (let at = random.between(500, 2500); at < plan.healAt - 10; at += 1 + random.next() * 2 * pace)
    faults.push(drawTrouble(random, plan, agents, at));
  return {
    ...plan,
    agents,
    faults: faults.sort((left, right) => left.at - right.at),
    // What is stuck is cleared by the heal; then it stops, moves and starts, and its agents take their time for it.
    endAt: plan.endAt + 6000,
  };
}

function drawTrouble(random: Random, { nodes, groups }: Plan, agents: number, at: number): TimedFault {
  const where = {
    node: random.between(0, nodes - 1),
    group: random.between(0, groups - 1),
    resource: random.between(0, agents - 1),
  };
  if (random.chance(0.25)) return { kind: 'crash', ...where, at };
  const action = random.pick(['start', 'start', 'stop', 'stop', 'monitor', 'probe'] as const);
  const lasts = random.pick([100, 400, 1500, 5000]) * (0.5 + random.next());
  return { kind: 'agent', ...where, action, behaviour: random.pick(behaviours), at, lasts };
}
