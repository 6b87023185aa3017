import { type Ledger, majorityOf } from '../ledger.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * No grant without a majority, nor to a node without a vote: of the voters, counted here from what they really answered to that token's request, more
 * than half have accepted after the kernel had armed it.
 */
export function majority(ledger: Ledger): Checker {
  return {
    name: 'majority',
    stepped(_world, machine, _event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'grant') continue;
        const asked = ledger.asked(machine, effect.token);
        if (asked === undefined) throw new Violation(`${machine.name} opens a gate that it never asked the voters for`);
        if (!asked.voters.includes(machine.index)) throw new Violation(`${machine.name} opens a gate and has no vote`);
        for (const group of effect.groups) {
          const until = asked.until.get(group);
          const votes = asked.voters.filter((voter) => (until?.[voter] ?? 0) > 0).length;
          if (votes >= majorityOf(asked)) continue;
          throw new Violation(`${machine.name} opens ${group} with ${votes} of ${asked.voters.length} votes`);
        }
      }
    },
  };
}
