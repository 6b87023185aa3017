import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * No grant without a majority: of the voters, counted here from what they really answered to that token's request, more
 * than half have accepted after the kernel had armed it.
 */
export function majority(): Checker {
  const nonceOf = new Map<string, string>();
  const accepted = new Map<string, Set<string>>();
  return {
    name: 'majority',
    stepped(world, machine, event, effects) {
      for (const effect of effects) {
        if (effect.type === 'send') {
          const { message } = effect;
          if (message.kind === 'propose') {
            if (event.type === 'armed') nonceOf.set(`${machine.name} ${event.token}`, message.nonce);
            for (const { group } of message.requests) vote(accepted, message.nonce, group, machine.name);
          } else if (message.kind === 'accept')
            for (const answer of message.answers)
              if (answer.ok) vote(accepted, message.nonce, answer.group, machine.name);
        }
        if (effect.type !== 'grant' || world.machines.length === 1) continue;
        const nonce = nonceOf.get(`${machine.name} ${effect.token}`);
        for (const group of effect.groups) {
          const votes = accepted.get(`${nonce} ${group}`)?.size ?? 0;
          if (votes * 2 <= world.machines.length)
            throw new Violation(`${machine.name} opens ${group} with ${votes} of ${world.machines.length} votes`);
        }
      }
      // Rounds are short: nothing older than a few thousand requests is asked for again.
      if (accepted.size > 20_000) accepted.clear();
      if (nonceOf.size > 20_000) nonceOf.clear();
    },
  };
}

function vote(accepted: Map<string, Set<string>>, nonce: string, group: string, voter: string): void {
  const key = `${nonce} ${group}`;
  const votes = accepted.get(key);
  if (votes === undefined) accepted.set(key, new Set([voter]));
  else votes.add(voter);
}
