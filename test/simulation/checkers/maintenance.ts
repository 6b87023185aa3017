import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/** What was under way when a node heard of maintenance may come to its end within so long; true milliseconds. */
const grace = 1000;

/**
 * A node that knows of maintenance of the whole cluster hands nothing over, and takes only what was left to it when that
 * began. What ran or was let alone then is neither started nor stopped.
 */
export function maintenance(): Checker {
  const alone = new Set<string>();
  const key = (machine: Machine, group: string): string => `${machine.index} ${machine.life} ${group}`;
  const isOn = (world: World, machine: Machine): boolean =>
    machine.state?.orders.maintenance.has('') === true && world.now >= machine.heardOfMaintenance! + grace;
  return {
    name: 'maintenance',
    agentBegins(world, machine, group, _resource, action) {
      if ((action === 'start' || action === 'stop') && isOn(world, machine) && alone.has(key(machine, group)))
        throw new Violation(`${machine.name} is about to ${action} something of ${group} in maintenance`);
    },
    stepped(world, machine, _event, effects) {
      const { orders, epochs, groups } = machine.state!;
      const on = isOn(world, machine);
      for (const { name, resources } of groups.values())
        if (!on) alone.delete(key(machine, name));
        else if (resources?.phase === 'left' || resources?.phase === 'running') alone.add(key(machine, name));
      if (!on) return;
      for (const effect of effects) {
        if (effect.type !== 'decide') continue;
        const { what, group = '' } = effect.decision;
        if (what === 'handover' && !epochs.steppingDown)
          throw new Violation(`${machine.name} hands ${group} over in maintenance`);
        const left = orders.left.get(group)?.node;
        if (what === 'takeover' && left !== machine.name)
          throw new Violation(`${machine.name} took ${group} in maintenance, which was left to ${left ?? 'nobody'}`);
      }
    },
  };
}
