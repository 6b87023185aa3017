import { seededRandom } from '../../src/base/random.ts';
import type { Plan, TimedFault } from './plan.ts';

/** Every so many seeds an operator has wishes, too; the others stay the runs that they were. */
const share = 5;

/** The same plan with moves and maintenance in it, where it is one of these seeds. */
export function withOrders(plan: Plan): Plan {
  if (plan.seed % share !== 3) return plan;
  // A source of its own: the faults beside them are those of the seed.
  const random = seededRandom(plan.seed ^ 0x0bde5);
  const faults: TimedFault[] = [...plan.faults];
  const pace = random.pick([400, 1500, 4000]);
  for (let at = random.between(500, 2500); at < plan.healAt - 10; at += 1 + random.next() * 2 * pace) {
    const node = random.between(0, plan.nodes - 1);
    if (random.chance(0.35)) {
      faults.push({ kind: 'maintenance', node, at, lasts: random.pick([150, 600, 2500]) * (0.5 + random.next()) });
      continue;
    }
    const forMs = random.chance(0.5) ? { forMs: random.pick([200, 1000, 5000]) } : {};
    const group = `web${random.between(1, plan.groups)}`;
    faults.push({ kind: 'move', node, group, to: random.between(0, plan.nodes - 1), ...forMs, at });
  }
  return { ...plan, orders: true, faults: faults.sort((left, right) => left.at - right.at) };
}
