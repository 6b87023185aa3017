import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * Who is shot: only somebody whom the one that shoots has heard in its present life, and not again for a life of which that one
 * knows that it is over.
 */
export function fencing(): Checker {
  const heard = new Set<string>();
  /** The lives that were shot at, by the effect that asked for it. */
  const aimed = new Map<string, number>();
  const over = new Set<string>();
  const key = (machine: Machine, node: string): string => `${machine.index} ${machine.life} ${node}`;
  return {
    name: 'fencing',
    accepted(world, machine, datagram) {
      heard.add(key(machine, world.machines[datagram.from]!.name));
    },
    stepped(world, machine, event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'fence') continue;
        if (!heard.has(key(machine, effect.node)))
          throw new Violation(`${machine.name} shoots ${effect.node}, which it has never heard since it started`);
        const life = lifeOf(world.machines, effect.node);
        if (over.has(`${key(machine, effect.node)} ${life}`))
          throw new Violation(`${machine.name} shoots ${effect.node} twice in one life`);
        aimed.set(key(machine, `${effect.id}`), life);
      }
      if (event.type === 'fenced' && event.ok)
        over.add(`${key(machine, event.node)} ${aimed.get(key(machine, `${event.id}`))}`);
    },
  };
}

function lifeOf(machines: readonly Machine[], name: string): number {
  const machine = machines.find((one) => one.name === name);
  // Off, it has none: the next one begins when it boots.
  return machine === undefined ? 0 : machine.life;
}
