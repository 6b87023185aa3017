import { compareBallots } from '../ballot.ts';
import type { Ballot } from '../message.ts';
import { mayRunOn } from '../resource-wishes.ts';
import { type Group, type NodeState, ownBallot } from '../state.ts';

/** Whether nothing of a group runs on this node, and nothing that it has asked for below this ballot will make anything run. */
export function runsNothing(state: NodeState, group: Group, ballot: Ballot): boolean {
  if (state.role !== 'node' || mayRunOn(state, group, state.self)) return false;
  const { claim } = group;
  if (claim.phase === 'preparing') return compareBallots(ownBallot(state, claim.round), ballot) > 0;
  return claim.phase === 'idle' || claim.phase === 'released';
}

/** Whether something of a group is known to run here, or to be half started or stopped. */
export function runsSome({ resources }: Group): boolean {
  const phase = resources?.phase;
  return phase === 'running' || phase === 'changing' || phase === 'stuck';
}
