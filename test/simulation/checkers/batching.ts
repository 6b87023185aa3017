import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/** All that a node holds is renewed together: one kernel command, and one datagram a voter, however many groups there are. */
export function batching(): Checker {
  return {
    name: 'batching',
    stepped(_world, { name, state }, event, effects) {
      if (event.type === 'tick') {
        const isHeld = (group: string): boolean => state?.groups.get(group)?.claim.phase === 'holding';
        let renewals = 0;
        for (const effect of effects) if (effect.type === 'arm' && effect.groups.some(isHeld)) renewals++;
        if (renewals > 1) throw new Violation(`${name} renews in ${renewals} kernel commands at once`);
      } else if (event.type === 'armed') {
        const asked = new Set<string>();
        for (const effect of effects) {
          if (effect.type !== 'send' || effect.message.kind !== 'propose') continue;
          if (asked.has(effect.to)) throw new Violation(`${name} asks ${effect.to} in more than one datagram`);
          asked.add(effect.to);
        }
      }
    },
  };
}
