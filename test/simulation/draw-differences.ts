import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Plan } from './plan.ts';

/** The same plan with configurations that differ from node to node, where it is one of a third of the seeds. */
export function withDifferences(plan: Plan): Plan {
  // A source of its own: all else is as the seed has it.
  const random = seededRandom(plan.seed ^ 0xd1ff5);
  if (random.chance(0.67)) return plan;
  const drawn = drawSome(random, plan);
  const some = drawn.length > 0 ? drawn : undefined;
  return {
    ...plan,
    unaware: plan.needs !== undefined ? some : undefined,
    // What is repaired for the sake of a rule waits, too; and who goes first where voters come and go is for other tests.
    divided:
      plan.rules === undefined && plan.never === undefined && !plan.changes && random.chance(0.5) ? true : undefined,
    // A beat that is lost leaves a node with what it knows.
    trusting: plan.network.loss === 0 && plan.drift === plan.driftBound ? some : undefined,
  };
}

/** Never all of them: then nothing would differ. */
function drawSome(random: Random, { nodes }: Plan): number[] {
  const one = random.between(0, nodes - 1);
  return Array.from({ length: nodes }, (_, node) => node).filter((node) => node !== one && random.chance(0.5));
}
