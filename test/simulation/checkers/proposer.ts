import type { Proposal } from '../../../src/core/epoch-state.ts';
import { Violation } from '../violation.ts';
import { isOlder } from './ballots.ts';
import type { Checker } from './checker.ts';

/**
 * What makes who sees to a change a good proposer (Lamport, *Paxos Made Simple*, section 2.2): of the proposals that it
 * heard of with the promises for its ballot it proposes the newest one again, as that may have been chosen.
 */
export function proposer(): Checker {
  /** By nonce, until it proposes. */
  const heard = new Map<string, Proposal>();
  const proposed = new Set<string>();
  return {
    name: 'proposer',
    accepted(_world, _machine, _datagram, message) {
      if (message.kind !== 'changePromise' || message.accepted === undefined || proposed.has(message.nonce)) return;
      const known = heard.get(message.nonce);
      if (known === undefined || isOlder(known.ballot, message.accepted.ballot))
        heard.set(message.nonce, message.accepted);
    },
    stepped(_world, { name, state, record }, _event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'send' || effect.message.kind !== 'changePropose') continue;
        const { nonce, voters } = effect.message;
        if (proposed.has(nonce)) continue;
        proposed.add(nonce);
        const newest = heard.get(nonce);
        heard.delete(nonce);
        if (newest === undefined || isSameList(newest.voters, voters)) continue;
        // Its own voter's promise is no message.
        const own = record?.epoch === state?.epoch ? record?.accepted : undefined;
        if (own !== undefined && isOlder(newest.ballot, own.ballot) && isSameList(own.voters, voters)) continue;
        throw new Violation(
          `${name} proposes ${voters.join(' ')}, and heard of ${newest.voters.join(' ')} in ballot ${newest.ballot.round}`,
        );
      }
    },
  };
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index]);
}
