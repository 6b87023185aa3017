import { simulationInjector } from './injector.ts';
import type { TimedFault } from './plan.ts';
import type { World } from './world.ts';

/** How long an orderly stop takes. */
const leaving = 400;

/** Begins faults, and sees to it that they end in their time; what is healed at the end of a run stays healed. */
export function faultTimer(world: World): (fault: TimedFault) => void {
  const injector = simulationInjector(world, leaving);
  return (fault) => {
    injector.begin(fault);
    // These count their time themselves.
    if (fault.lasts === undefined || fault.kind === 'stall' || fault.kind === 'attack') return;
    const lasts = fault.kind === 'leave' ? leaving + fault.lasts : fault.lasts;
    world.at(fault.at + lasts, -1, () => {
      if (world.healed || !injector.has(fault)) return;
      world.caused();
      injector.end(fault);
    });
  };
}
