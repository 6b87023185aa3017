import type { Event } from '../../../src/core/event.ts';
import type { Ballot } from '../../../src/core/message.ts';
import type { Asked, Ledger } from '../ledger.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * No node takes over what another one's lease still covers: that lease is over where a majority that granted it has counted
 * to its end, or was released by its holder after the kernel had shut the gate. And no holder gives up a group for a node
 * that has not said that it is ready.
 */
export function takeover(ledger: Ledger): Checker {
  /** By group and machine: the newest round that a machine was told it had. */
  const leases = new Map<string, Map<number, Asked>>();
  /** Ballots that were released, by group and machine. */
  const released = new Map<string, Ballot>();
  return {
    name: 'takeover',
    stepped(world, machine, event, effects) {
      for (const effect of effects) {
        if (effect.type === 'send' && effect.message.kind === 'release') {
          for (const { group, ballot } of effect.message.releases) released.set(`${group} ${machine.index}`, ballot);
          if (event.type === 'closed' && !event.ok) throw new Violation(`${machine.name} releases an open gate`);
        }
        if (effect.type === 'close' && effect.passTo !== undefined && !asksFor(event, effect.passTo))
          throw new Violation(`${machine.name} shuts its gate for ${effect.passTo}, which has not asked for it`);
        if (effect.type !== 'grant') continue;
        const asked = ledger.asked(machine, effect.token);
        for (const group of effect.groups) {
          const held = leases.get(group) ?? new Map<number, Asked>();
          leases.set(group, held);
          if (asked !== undefined) held.set(machine.index, asked);
          for (const [index, lease] of held) {
            const until = ledger.keptUntil(lease, group);
            if (index === machine.index || until <= world.now || isReleased(released, lease, group)) continue;
            throw new Violation(
              `${machine.name} takes ${group} from ${lease.machine.name} ${(until - world.now).toFixed(1)} ms before its lease is over`,
            );
          }
        }
      }
    },
  };
}

function asksFor(event: Event, node: string): boolean {
  return event.type === 'message' && event.from === node && event.message.kind === 'take';
}

function isReleased(released: ReadonlyMap<string, Ballot>, { machine, ballots }: Asked, group: string): boolean {
  const ballot = released.get(`${group} ${machine.index}`);
  const mine = ballots.get(group);
  return (
    ballot !== undefined && mine !== undefined && ballot.incarnation === mine.incarnation && mine.round <= ballot.round
  );
}
