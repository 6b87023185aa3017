/** Groups that this node could have, were it certain that nothing of them runs elsewhere. */
import { foldHosts } from '../../base/host-range.ts';
import type { NodeName } from '../../model/names.ts';
import type { OwnerWord } from '../message.ts';
import { nextBelow } from '../nonce.ts';
import { decide, type Group, type NodeState } from '../state.ts';
import { liveLease } from '../voter.ts';
import { whyNeeded } from './need.ts';
import type { Obstacle } from './permission.ts';

/** Remembers why the group cannot be taken yet; it is asked about again after a while, or when something has changed. */
export function noteWaiting(state: NodeState, group: Group, { nodes, why }: Obstacle, now: number): void {
  const { waiting } = state.fencing;
  const before = waiting.get(group.name);
  const same = before !== undefined && before.nodes.join() === nodes.join();
  waiting.set(group.name, { nodes, why, since: same ? before.since : now });
  group.retryAt = Math.max(group.retryAt, now + state.lease / 2 + nextBelow(state.random, Math.ceil(state.lease / 2)));
  if (same) return;
  const which = foldHosts(nodes);
  decide(state, {
    what: 'waits',
    group: group.name,
    why: `${why}: it waits until ${which} is fenced, or says that nothing of it runs there${whyNeeded(state, group.name)}`,
  });
}

/** A voter refuses a group as one that needs fencing as far as it knows, and says who had it: that is who it waits for. */
export function noteToldOwner(
  state: NodeState,
  group: Group,
  voter: NodeName,
  word: OwnerWord | undefined,
  now: number,
): void {
  if (word?.record === undefined || word.record.over || word.record.ballot.node === state.self) return;
  const { node } = word.record.ballot;
  const why = `${voter} has on record that ${node} had it, and that it needs fencing`;
  noteWaiting(state, group, { nodes: [node], why }, now);
}

/** Ends the waiting for groups that somebody has by now. */
export function forgetWaiting(state: NodeState, now: number): void {
  const { waiting } = state.fencing;
  for (const name of waiting.keys()) {
    const group = state.groups.get(name);
    if (group === undefined) continue;
    const { phase } = group.claim;
    if (phase === 'asking' || phase === 'holding' || liveLease(group.slot, now) !== undefined) waiting.delete(name);
  }
}

/** Something that groups wait for has changed: they are asked for again, by the first in line first. */
export function tryAgain(state: NodeState, turn: (group: Group) => number, now: number): void {
  for (const name of state.fencing.waiting.keys()) {
    const group = state.groups.get(name);
    if (group !== undefined && group.claim.phase === 'idle') group.retryAt = now + turn(group);
  }
}
