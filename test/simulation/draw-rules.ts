import { type Random, seededRandom } from '../../src/base/random.ts';
import type { GroupRule } from '../../src/model/placement.ts';
import type { Plan } from './plan.ts';

/** The same plan with rules between its groups, and with nodes that they must never be on, where it is one of half the seeds. */
export function withRules(plan: Plan): Plan {
  // A source of its own: the faults beside them are those of the seed.
  const random = seededRandom(plan.seed ^ 0x7a1e5);
  if (random.chance(0.5)) return plan;
  const rules = plan.groups > 1 ? drawRules(random, plan) : undefined;
  // Beside a strict rule, or where few nodes vote in the end, there might be no node left for a group: that it runs nowhere then is for other tests.
  const free = !plan.changes && rules?.some(({ kind, strict }) => kind !== 'order' && strict) !== true;
  const never = free && plan.nodes > 1 && random.chance(0.5) ? drawNever(random, plan) : undefined;
  return { ...plan, rules, never };
}

function drawRules(random: Random, { groups, nodes, changes }: Plan): GroupRule[] {
  const names = Array.from({ length: groups }, (_, index) => `web${index + 1}`);
  const order: GroupRule = {
    kind: 'order',
    groups: random.chance(0.5) ? names : names.toReversed(),
    strict: random.chance(0.3),
  };
  const kind = random.pick(['together', 'apart'] as const);
  const strict = groups <= nodes && !changes && random.chance(0.3);
  const other: GroupRule = { kind, groups: random.chance(0.5) ? names : names.slice(0, 2), strict };
  return random.pick([[order], [other], [order, other]]);
}

/** Each group has one node left at least. */
function drawNever(random: Random, { groups, nodes }: Plan): number[][] {
  return Array.from({ length: groups }, () => {
    const stays = random.between(0, nodes - 1);
    return Array.from({ length: nodes }, (_, node) => node).filter((node) => node !== stays && random.chance(0.3));
  });
}
