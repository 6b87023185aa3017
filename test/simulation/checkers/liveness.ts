import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/** How long before the end of a run, in true milliseconds, everything has to have settled. */
const settled = 1500;

/**
 * After the heal the cluster comes to rest: exactly one open gate for each group, on the node that has its address, which
 * has announced it since; and nothing moves any more.
 */
export function liveness(): Checker {
  const lastMove = new Map<string, string>();
  const takenAt = new Map<string, number>();
  return {
    name: 'liveness',
    stepped(world, machine, _event, effects) {
      for (const effect of effects)
        if (effect.type === 'decide' && effect.decision.what === 'takeover')
          takenAt.set(effect.decision.group ?? '', world.now);
      if (!world.healed || world.now < world.plan.endAt - settled) return;
      for (const effect of effects)
        if (effect.type === 'decide' && ['takeover', 'lost', 'handover'].includes(effect.decision.what))
          lastMove.set(
            effect.decision.group ?? '',
            `${machine.name}: ${effect.decision.what} at ${world.now.toFixed(0)}`,
          );
    },
    ended(world) {
      for (const { name } of world.cluster.groups) {
        const open = world.machines.filter((machine) => machine.gate.isOpen(name, world.now));
        const holds = world.machines.filter((machine) => machine.held.includes(name));
        if (open.length !== 1) throw new Violation(`${name} has ${open.length} open gates long after the heal`);
        if (holds.length !== 1 || holds[0] !== open[0])
          throw new Violation(
            `${name}: the gate is open on ${open[0]!.name}, the address on ${holds.map((m) => m.name)}`,
          );
        if ((open[0]!.announcedAt.get(name) ?? -1) < (takenAt.get(name) ?? 0))
          throw new Violation(`${name} was not announced by ${open[0]!.name} after it took it over`);
        const moved = lastMove.get(name);
        if (moved !== undefined) throw new Violation(`${name} still moves long after the heal: ${moved}`);
      }
    },
  };
}
