import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/** What was under way when a node heard of maintenance may come to its end within so long; true milliseconds. */
const grace = 1000;

/** A node that knows of maintenance of the whole cluster hands nothing over, and takes only what was left to it when that began. */
export function maintenance(): Checker {
  return {
    name: 'maintenance',
    stepped(world, machine, _event, effects) {
      const { orders, epochs } = machine.state!;
      if (!orders.maintenance.has('') || world.now < machine.heardOfMaintenance! + grace) return;
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
