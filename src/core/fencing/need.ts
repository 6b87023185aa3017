/**
 * Which groups need fencing, where the nodes' configurations say different things: the strictest counts for all. Else the
 * one that says no would start what the one that says yes still runs.
 *
 * Each node says in its beats what its own configuration says, and nothing that it heard; so a need is gone when the last
 * node that has it is, or has started again without it. Whoever was not heard since this node started may have said it
 * before, and versions without fencing in their beats never say it: then what this voter has on record counts, until it is over.
 */
import type { GroupName, NodeName } from '../../model/names.ts';
import type { Beat } from '../message.ts';
import { decide, type Group, type NodeState, type Peer } from '../state.ts';

/** Whether the group starts here only where it is certain that nothing of it runs elsewhere. */
export function needsFencing(state: NodeState, group: GroupName): boolean {
  return state.fencing.needed.has(group) || neededBy(state, group) !== undefined;
}

/** Another node for whose sake the group needs fencing here; undefined where none says so. */
export function neededBy(state: NodeState, group: GroupName): NodeName | undefined {
  const { saidBy, fenced } = state.fencing;
  const says = saidBy.get(group)?.find((name) => !fenced.has(name));
  return says ?? unsaidBy(state, group);
}

/** The owner on record, where it has not said what its configuration says. */
function unsaidBy({ self, fencing, peers }: NodeState, group: GroupName): NodeName | undefined {
  const record = fencing.records.get(group);
  if (record === undefined || record.over) return undefined;
  const { node } = record.ballot;
  return node === self || peers.get(node)?.beat?.needs !== undefined ? undefined : node;
}

/** What the own configuration says, for beats; undefined where it runs nothing that could need it. */
export function needsHere({ role, fencing, groups }: NodeState): readonly GroupName[] | undefined {
  if (role !== 'node') return undefined;
  if (fencing.needed.size > 0) return [...fencing.needed];
  for (const { resources } of groups.values()) if (resources !== undefined) return [];
  return undefined;
}

/** A peer says what its configuration says, before that replaces what it said last. */
export function noteNeeds({ fencing }: NodeState, { name, beat }: Peer, { needs }: Beat): void {
  if (beat?.needs === needs) return;
  fencing.recount = true;
  for (const group of beat?.needs ?? []) {
    const left = fencing.saidBy.get(group)?.filter((one) => one !== name) ?? [];
    if (left.length > 0) fencing.saidBy.set(group, left);
    else fencing.saidBy.delete(group);
  }
  for (const group of needs ?? []) fencing.saidBy.set(group, [...(fencing.saidBy.get(group) ?? []), name]);
}

/** Why the group needs fencing here although the own configuration does not say so, as an aside; else empty. */
export function whyNeeded(state: NodeState, group: GroupName): string {
  if (state.fencing.needed.has(group)) return '';
  const node = neededBy(state, group);
  if (node === undefined) return '';
  const hash = state.peers.get(node)?.beat?.configHash;
  const which = hash === undefined || hash === '' ? '' : ` ${hash}`;
  return ` (it needs fencing by the configuration${which} of ${node}, not by that of ${state.self})`;
}

/** Somebody asked for a group that needs fencing as if it did not; said once, until somebody else does. */
export function noteUnaware(state: NodeState, { name }: Group, from: NodeName): void {
  const { unaware, needed } = state.fencing;
  if (unaware.get(name) === from) return;
  unaware.set(name, from);
  const by = needed.has(name) ? state.self : neededBy(state, name);
  decide(state, {
    what: 'unaware',
    group: name,
    node: from,
    why: `${from} gets no vote: it takes this for a group that needs no fencing, and by the configuration of ${by} it does`,
  });
}
