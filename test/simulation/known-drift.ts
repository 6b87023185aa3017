import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/**
 * Whether this machine cannot know how far clocks are off: its own configuration says that they are not, and since its start
 * it has heard nobody whose configuration says more. It is judged by what came to it, not by what its core makes of that.
 */
export function takesClocksForGood({ plan }: World, { index, state }: Machine): boolean {
  if (plan.trusting?.includes(index) !== true || plan.drift === 0) return false;
  return ![...(state?.peers.values() ?? [])].some(({ beat }) => (beat?.drift ?? 0) > 0);
}
