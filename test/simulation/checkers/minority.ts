import { takesClocksForGood } from '../known-drift.ts';
import type { Ledger } from '../ledger.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';
import { overlapBound } from './overlap.ts';

/**
 * No gate outlives what the voters granted: whoever has lost the majority is shut before a majority of those that granted
 * its lease have counted to the end. Judged when a kernel points its gate at a token, and for the whole of that token's life.
 * Who cannot know how bad clocks are is judged as one with no bound.
 */
export function minority(ledger: Ledger): Checker {
  return {
    name: 'minority',
    gateChanged(world, machine, groups) {
      for (const group of groups) {
        const open = machine.gate.openUntil(group, world.now);
        if (open === Number.NEGATIVE_INFINITY) continue;
        const asked = ledger.asked(machine, machine.gate.tokenOf(group)!);
        const kept = asked === undefined ? 0 : ledger.keptUntil(asked, group);
        const { plan, cluster } = world;
        const excess = takesClocksForGood(world, machine) ? overlapBound(cluster.timings.lease, 0, plan.drift) : 0;
        if (open <= kept + excess) continue;
        throw new Violation(
          `${group} is open on ${machine.name} ${(open - kept).toFixed(1)} ms longer than voters keep it`,
        );
      }
    },
  };
}
