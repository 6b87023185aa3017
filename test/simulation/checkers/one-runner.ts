import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/**
 * A group that needs fencing begins to run on a machine only where nothing of it is left on any other: none of them runs any
 * of it, is about to, or is frozen in the middle of it. A machine without power runs nothing. Of two machines by whose own
 * configurations it does not need fencing neither has to know that by others' it does.
 */
export function oneRunner(): Checker {
  return {
    name: 'one-runner',
    agentBegins(world, machine, group, key, action) {
      if (action !== 'start' || world.cluster.resources?.groups[group]?.needsFencing !== true) return;
      for (const other of world.machines)
        if (other !== machine && other.powered && knows(world, machine, other) && other.agents?.hasSome(group))
          throw new Violation(`${machine.name} starts ${key} while some of ${group} is left on ${other.name}`);
    },
  };
}

function knows({ plan }: World, ...machines: readonly Machine[]): boolean {
  return !machines.every(({ index }) => plan.unaware?.includes(index));
}
