import { type Random, seededRandom } from '../../src/base/random.ts';
import { drawPlan } from './draw.ts';
import { withAgents } from './draw-agents.ts';
import type { Plan } from './plan.ts';

/**
 * The run of a seed, with groups that need fencing, and with fencing that is slow, fails, or works without saying so. In a
 * part of them voters come and go, and in another there are two nodes and no third vote.
 */
export function drawPlanWithFencing(seed: number): Plan {
  const random = seededRandom(seed ^ 0x51_0f_f3);
  const plan = withAgents(drawPlan(seed, random.chance(0.25)), random);
  return {
    ...plan,
    needs: random.between(1, plan.groups),
    fencingFails: random.pick([0, 0.1, 0.4]),
    fencers: drawFencers(random, plan),
    // Where one fencing fails, the next comes seconds later; and a machine that was fenced boots.
    endAt: plan.endAt + 15_000,
  };
}

/** Sometimes only a part of the nodes has a way to fence others; of two each needs one. */
function drawFencers(random: Random, { nodes }: Plan): number[] | undefined {
  if (nodes < 3 || random.chance(0.7)) return undefined;
  const one = random.between(0, nodes - 1);
  return Array.from({ length: nodes }, (_, node) => node).filter((node) => node === one || random.chance(0.3));
}
