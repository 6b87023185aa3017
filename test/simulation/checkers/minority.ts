import type { Ledger } from '../ledger.ts';
import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/**
 * No gate outlives what the voters granted: whoever has lost the majority is shut before a majority of those that granted
 * its lease have counted to the end. Judged when a kernel points its gate at a token, and for the whole of that token's life.
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
        if (open <= kept || knowsNoBetter(world, machine)) continue;
        throw new Violation(
          `${group} is open on ${machine.name} ${(open - kept).toFixed(1)} ms longer than voters keep it`,
        );
      }
    },
  };
}

/** Who takes clocks for good goes by that until it hears, in its present life, a node that knows them to be worse. */
function knowsNoBetter({ plan: { trusting, nodes }, machines }: World, { index, state }: Machine): boolean {
  if (trusting?.includes(index) !== true) return false;
  const heard = (name: string): boolean => state?.peers.get(name)?.beat !== undefined;
  return machines.every((other) => other.index >= nodes || trusting.includes(other.index) || !heard(other.name));
}
