import type { Message } from '../../../src/core/message.ts';
import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * Who has forgotten, or never knew, what the other voters granted, grants nothing for a lease by its own clock: a voter that
 * has just started, that has just become one, or that has missed an epoch. And a voter helps to choose the next set only when
 * all leases of the set before its own are over.
 */
export function silence(): Checker {
  interface Watched {
    readonly life: number;
    readonly epoch: number;
    readonly votes: boolean;
    /** True times, from when on it may vote on leases, and on the next set. */
    readonly leaseAt: number;
    readonly changeAt: number;
  }
  const watched = new Map<Machine, Watched>();
  return {
    name: 'silence',
    stepped(world, machine, _event, effects) {
      const { state, life } = machine;
      if (state === undefined) return;
      let seen = watched.get(machine);
      if (seen === undefined || seen.life !== life || seen.epoch !== state.epoch) {
        const { epoch } = state;
        const votes = state.voters.includes(machine.name);
        const over = world.now + machine.trueSpan(machine.longestLease);
        const knows = seen !== undefined && seen.life === life && seen.votes && epoch === seen.epoch + 1;
        seen = { life, epoch, votes, leaseAt: knows ? seen!.leaseAt : over, changeAt: over };
        watched.set(machine, seen);
      }
      for (const effect of effects) {
        const vote = effect.type === 'send' ? voteOf(effect.message) : undefined;
        if (vote === 'lease' && world.now < seen.leaseAt)
          throw new Violation(`${machine.name} votes ${(seen.leaseAt - world.now).toFixed(1)} ms before it may`);
        if (vote === 'change' && world.now < seen.changeAt)
          throw new Violation(
            `${machine.name} helps to choose the set after epoch ${seen.epoch} while older leases may live`,
          );
      }
    },
  };
}

function voteOf(message: Message): 'lease' | 'change' | undefined {
  if (message.kind === 'promise' || message.kind === 'accept') return 'lease';
  return (message.kind === 'changePromise' || message.kind === 'changeAccept') && message.ok ? 'change' : undefined;
}
