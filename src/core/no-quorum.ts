/**
 * What becomes of the things that run here when the lease is lost for want of a majority. The gate shuts either way. With
 * the policy `stop` the addresses leave the network device too; with `freeze` all stays as it is behind the shut gate, and
 * whoever held a group before is the first to have it again: a cluster that falls apart and comes together moves nothing.
 */
import type { NodeName } from '../model/names.ts';
import { decide, type Group, holdingsChanged, isAway, type NodeState } from './state.ts';

/** Leaves running what ran for groups whose lease ran out; before `holdingsChanged`. */
export function freeze(state: NodeState, groups: readonly Group[]): void {
  if (state.cluster.noQuorum !== 'freeze' || isAway(state)) return;
  for (const group of groups) {
    group.frozen = true;
    group.why += '; what runs stays, behind a shut gate (no_quorum: freeze)';
  }
}

/** Ends that where the group is held again, here or elsewhere, or where this node is to run nothing. */
export function thaw(state: NodeState): void {
  if (state.cluster.noQuorum !== 'freeze') return;
  let stopped = false;
  for (const group of state.groups.values()) {
    if (!group.frozen) continue;
    const open = group.claim.phase === 'holding' && group.claim.gateOpen;
    if (!open && group.holder === state.self && !isAway(state)) continue;
    group.frozen = false;
    if (open) continue;
    stopped = true;
    const why = group.holder === state.self ? 'this node is to run nothing' : `${group.holder} holds it now`;
    decide(state, { what: 'release', group: group.name, why: `${why}: what was left running stops` });
  }
  if (stopped) holdingsChanged(state);
}

/**
 * Who was left running a group when the majority was lost: its last holder, where the lease was over before this node heard
 * a majority again. undefined with the policy `stop`, and after any other end of a lease.
 */
export function leftRunningOn(state: NodeState, group: Group): NodeName | undefined {
  if (state.cluster.noQuorum !== 'freeze' || group.holder === undefined) return undefined;
  if (group.frozen) return state.self;
  const over = Math.max(group.slot.accepted?.until ?? Number.NEGATIVE_INFINITY, group.knownUntil);
  return over < state.quorateSince ? group.holder : undefined;
}

/** For how long the others let it go first once they hear a majority again: it has to hear one, too. Milliseconds. */
export function firstTurn(state: NodeState): number {
  return 3 * state.cluster.timings.keepalive;
}
