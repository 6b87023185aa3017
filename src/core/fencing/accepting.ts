import { voteWritten } from '../lease.ts';
import type { Group, NodeState } from '../state.ts';
import { acceptWritten } from '../voting.ts';
import { ownersWritten } from './owners.ts';

/** What waited for the disk is accepted. Returns the held groups that the own voter has promised to somebody else by now. */
export function onOwnersPersisted(state: NodeState, id: number, ok: boolean, now: number): readonly Group[] {
  const overtaken: Group[] = [];
  for (const accept of ownersWritten(state, id, ok, now)?.accepts ?? []) {
    const peer = state.peers.get(accept.to);
    if (peer !== undefined) acceptWritten(state, peer, accept, now);
    else if (accept.epoch === state.epoch) overtaken.push(...voteWritten(state, accept.nonce, accept.ballots, now));
  }
  return overtaken;
}
