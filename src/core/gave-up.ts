/**
 * Which nodes have given a group up as it failed there. Once its failures are forgotten such a node may take the group over
 * again; but while it runs elsewhere it does not come back there only for being better off: where nobody has mended anything
 * it would fail once more, an outage every `failure_timeout`. So it stays until an operator clears the group or moves it,
 * until musterd has started again on that node, or until all of it has run there since. Every node keeps this by what it
 * hears.
 */
import type { GroupName, NodeName } from '../model/names.ts';
import type { Beat } from './message.ts';
import type { Group, NodeState, Peer } from './state.ts';

/** What a peer says of itself, before that replaces what it said last. */
export function noteGivenUp(state: NodeState, peer: Peer, beat: Beat): void {
  if (peer.beat === beat) return;
  for (const name of beat.barred ?? []) {
    // A beat that is older than an operator's word says what it said before.
    if (peer.beat?.barred?.includes(name) === true) continue;
    state.groups.get(name)?.gaveUp.set(peer.name, state.fencing.lives.get(peer.name));
  }
  for (const name of beat.holds) {
    const group = state.groups.get(name);
    if (group === undefined || !group.gaveUp.has(peer.name)) continue;
    if (beat.barred?.includes(name) !== true && beat.starting?.includes(name) !== true) group.gaveUp.delete(peer.name);
  }
}

/** The same of this node, whose plan is to be that of the others. */
export function noteOwnGivenUp(
  state: NodeState,
  { claim, gaveUp, resources }: Group,
  before: string | undefined,
): void {
  if (resources === undefined) return;
  if (resources.barred === undefined) {
    if (resources.phase === 'running' && claim.phase === 'holding') gaveUp.delete(state.self);
  } else if (before === undefined) gaveUp.set(state.self, state.fencing.lives.get(state.self));
}

/** An operator says that it is mended. */
export function forgetGivenUp(state: NodeState, group: GroupName): void {
  state.groups.get(group)?.gaveUp.clear();
}

/** Whether the group does not fail back to a node, as that gave it up in its present life. */
export function gaveUpOn(state: NodeState, { gaveUp }: Group, name: NodeName): boolean {
  return gaveUp.has(name) && gaveUp.get(name) === state.fencing.lives.get(name);
}
