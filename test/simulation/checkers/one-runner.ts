import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * A group that needs fencing begins to run on a machine only where nothing of it is left on any other: none of them runs it,
 * has begun to, has not ended it yet, or is frozen in the middle of it. A machine without power runs nothing.
 */
export function oneRunner(): Checker {
  return {
    name: 'one-runner',
    started(world, machine, group) {
      if (world.cluster.resources?.groups[group]?.needsFencing !== true) return;
      for (const other of world.machines)
        if (other !== machine && other.agents.hasSome(group))
          throw new Violation(`${machine.name} starts ${group} while some of it is left on ${other.name}`);
    },
  };
}
