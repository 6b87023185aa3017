import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * Who is shot: only somebody whom the one that shoots has heard in its present life, and nobody again who is known to be off
 * and was not heard since.
 */
export function fencing(): Checker {
  const heard = new Set<string>();
  const over = new Set<string>();
  const key = (machine: Machine, node: string): string => `${machine.index} ${machine.life} ${node}`;
  return {
    name: 'fencing',
    accepted(world, machine, datagram) {
      const { name } = world.machines[datagram.from]!;
      heard.add(key(machine, name));
      over.delete(key(machine, name));
    },
    stepped(_world, machine, event, effects) {
      if (event.type === 'fenced' && event.ok) over.add(key(machine, event.node));
      for (const effect of effects) {
        if (effect.type !== 'fence') continue;
        const target = key(machine, effect.node);
        if (!heard.has(target))
          throw new Violation(`${machine.name} shoots ${effect.node}, which it has never heard since it started`);
        // What it heard between the question and the answer may be of a later life.
        if (over.has(target) && machine.state?.fencing.fenced.has(effect.node) === true)
          throw new Violation(`${machine.name} shoots ${effect.node}, which it knows to be off`);
      }
    },
  };
}
