import type { NodeName } from '../model/names.ts';
import type { VoterSet } from './epoch-state.ts';
import { countBits, type NodeState, type Peer } from './state.ts';

/** More names than this have no bit of their own in a number of votes. */
export const mostNames = 30;

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Whether this name's votes count. */
export function isVoter(state: NodeState, name: NodeName): boolean {
  return state.voters.includes(name);
}

/** The bits of these names; a name that was never heard of gets one. */
export function bitsOf(state: NodeState, names: readonly NodeName[]): number {
  let bits = 0;
  for (const name of names) bits |= bitOf(state, name);
  return bits;
}

function bitOf(state: NodeState, name: NodeName): number {
  const index = state.names.indexOf(name);
  if (index >= 0) return 1 << index;
  if (state.names.length >= mostNames) return 0;
  // A voter that this node's configuration does not know (yet, or any more): it counts, although nothing reaches it.
  const peer = newPeer(name, 'node', state.names.length);
  state.names.push(name);
  state.peers.set(name, peer);
  return peer.bit;
}

/** Whether these votes are a majority of a set that need not be in force. */
export function isMajorityOf(state: NodeState, voters: readonly NodeName[], votes: number): boolean {
  return countBits(votes & bitsOf(state, voters)) >= majorityOf(voters.length);
}

/** From now on votes are counted by this set. */
export function countBy(state: NodeState, { epoch, voters }: VoterSet): void {
  state.epoch = epoch;
  state.voters = voters;
  state.voterMask = bitsOf(state, voters);
  state.majority = majorityOf(voters.length);
}

export function newPeer(name: NodeName, role: Peer['role'], index: number): Peer {
  return {
    name,
    role,
    bit: 1 << index,
    state: 'unknown',
    lastHeard: Number.NEGATIVE_INFINITY,
    upSince: Number.NEGATIVE_INFINITY,
    beat: undefined,
    beatEpoch: 0,
    lastSent: Number.NEGATIVE_INFINITY,
    epoch: 0,
    taughtAt: Number.NEGATIVE_INFINITY,
  };
}
