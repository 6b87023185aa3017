import { type Ledger, majorityOf } from '../ledger.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * No grant without a majority: of the voters, counted here from what they really answered to that token's request, more
 * than half have accepted after the kernel had armed it.
 */
export function majority(ledger: Ledger): Checker {
  return {
    name: 'majority',
    stepped(world, machine, _event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'grant') continue;
        const asked = ledger.asked(machine, effect.token);
        for (const group of effect.groups) {
          const votes = asked?.until.get(group)?.filter((until) => until > 0).length ?? 0;
          if (votes >= majorityOf(world)) continue;
          throw new Violation(`${machine.name} opens ${group} with ${votes} of ${world.machines.length} votes`);
        }
      }
    },
  };
}
