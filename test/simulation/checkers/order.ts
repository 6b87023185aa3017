import type { NodeState } from '../../../src/core/state.ts';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * Groups in `order`, by what the node knows that decides: nothing of a later one begins to run while the one right before it
 * is on its way, or (strictly) does not run; and where both are to be released, the later one has stopped before the earlier
 * one stops. Whoever loses a lease stops at once, and what runs already has waited.
 */
export function order(): Checker {
  return {
    name: 'order',
    stepped({ cluster }, machine, _event, effects) {
      const state = machine.state!;
      for (const effect of effects) {
        if (effect.type !== 'want' || effect.urgently || (effect.wish !== 'run' && effect.wish !== 'stop')) continue;
        const own = state.groups.get(effect.group)?.resources;
        if (own === undefined || (own.phase === 'running') !== (effect.wish === 'stop')) continue;
        for (const { kind, groups, strict } of cluster.placement?.rules ?? []) {
          const at = kind === 'order' ? groups.indexOf(effect.group) : -1;
          const other = at < 0 ? undefined : groups[effect.wish === 'run' ? at - 1 : at + 1];
          if (other === undefined) continue;
          if (effect.wish === 'stop' ? own.stopping && isStopping(state, other) : !mayFollow(state, other, strict))
            throw new Violation(
              `${machine.name} wants ${effect.group} to ${effect.wish} before ${other}, against their order`,
            );
        }
      }
    },
  };
}

function isStopping({ groups }: NodeState, group: string): boolean {
  const resources = groups.get(group)?.resources;
  return resources?.stopping === true && resources.phase !== 'stopped' && resources.phase !== 'stuck';
}

function mayFollow({ groups, peers, quorate }: NodeState, group: string, strict: boolean): boolean {
  const own = groups.get(group);
  if (own?.claim.phase === 'holding')
    return (
      (own.claim.gateOpen && own.resources?.phase === 'running') || (!strict && own.resources?.barred !== undefined)
    );
  const heard = [...peers.values()].filter(({ state }) => state === 'up' || state === 'late');
  const holder = heard.findLast(({ beat }) => beat?.holds.includes(group) === true);
  if (holder === undefined) return !strict && !quorate;
  const { starting = [], barred = [] } = holder.beat!;
  return !starting.includes(group) || (!strict && barred.includes(group));
}
