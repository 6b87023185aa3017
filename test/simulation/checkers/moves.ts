import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/** For one cause a group moves to a node that is left, then perhaps on to the one where it should be. */
const perCause = 2;
/** A heal is many causes at once: every node starts or thaws, and comes back online. */
const perHeal = 3;

/**
 * Groups do not wander: between one cause (a fault begins or ends, a machine starts) and the next, a group moves a bounded
 * number of times. Where messages or writes are lost or late all the time each of these is a cause too, so there only what follows
 * the heal is counted.
 */
export function moves(): Checker {
  const holder = new Map<string, string>();
  const moved = new Map<string, number>();
  return {
    name: 'moves',
    caused(world) {
      if (!world.healed || world.now === world.plan.healAt) moved.clear();
    },
    stepped(world, machine, _event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'decide') continue;
        // The end of a wish is a cause as its beginning is.
        if (effect.decision.what === 'clear' && !world.healed) moved.clear();
        if (effect.decision.what !== 'takeover') continue;
        const group = effect.decision.group ?? '';
        if (holder.get(group) === machine.name) continue;
        holder.set(group, machine.name);
        const count = (moved.get(group) ?? 0) + 1;
        moved.set(group, count);
        if (
          count >
          (world.healed
            ? perHeal + changing(world) + (world.plan.orders ? 1 : 0)
            : isQuiet(world)
              ? perCause
              : Number.POSITIVE_INFINITY)
        )
          throw new Violation(`${group} moved ${count} times for one cause${world.healed ? ', the heal' : ''}`);
      }
    },
  };
}

function isQuiet({ plan }: World): boolean {
  const { loss, slowShare } = plan.network;
  // While some have the next set of voters on their disks, and others are writing it yet, neither need be a majority.
  if (plan.slowDisk !== undefined || plan.faults.some(({ kind }) => kind === 'slow')) return false;
  return loss === 0 && slowShare === 0 && plan.slowCommands === 0 && !plan.far;
}

/** A change of the voters that was asked for before the heal goes on after it: who is to go hands over first. */
function changing({ plan }: World): number {
  return plan.faults.some(({ kind }) => kind === 'add' || kind === 'remove') ? 2 : 0;
}
