import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/** Where a store has the leases, no gate opens but for a record that the store really took, after the kernel had armed. */
export function storeGrant(): Checker {
  const written = new Set<string>();
  const nonceOf = new Map<string, string>();
  return {
    name: 'store-grant',
    stored(_world, group, { nonce, holder }) {
      if (holder !== undefined) written.add(`${nonce} ${group}`);
    },
    stepped(_world, machine, event, effects) {
      for (const effect of effects) {
        const key = 'token' in effect ? `${machine.index} ${machine.life} ${effect.token}` : '';
        if (effect.type === 'storeWrite' && event.type === 'armed')
          nonceOf.set(`${machine.index} ${machine.life} ${event.token}`, effect.nonce);
        if (effect.type !== 'grant') continue;
        for (const group of effect.groups)
          if (!written.has(`${nonceOf.get(key)} ${group}`))
            throw new Violation(`${machine.name} opens ${group} without a record in the store`);
      }
    },
  };
}
