import { gateMargin } from '../model/gate-margin.ts';
import { driftSaid, million } from './differences.ts';
import { giveUpAsking, voidRounds } from './lease.ts';
import type { Beat } from './message.ts';
import { longestLease, type NodeState, type Peer } from './state.ts';
import { silence } from './timing.ts';

/**
 * The largest drift bound of all configurations counts for all: else the gate of one that takes clocks for good would outlast
 * the lease by a clock that another one knows to be worse. To be called before what the peer says now replaces what it said last.
 */
export function noteDrift(state: NodeState, from: Peer, { drift }: Beat, now: number): void {
  if (from.beat?.drift === drift) return;
  const own = driftSaid(state.cluster);
  let largest = own;
  for (const peer of state.peers.values()) largest = Math.max(largest, (peer === from ? drift : peer.beat?.drift) ?? 0);
  const driftBound = largest === own ? state.cluster.driftBound : largest / million;
  if (driftBound === state.driftBound) return;
  // Whoever is silent after its start goes by the largest, too.
  if (now < state.silentUntil)
    state.silentUntil += longestLease(state) * (silence(driftBound) - silence(state.driftBound));
  if (driftBound > state.driftBound) dropRounds(state, now);
  state.driftBound = driftBound;
  state.gateLifetime = state.lease - gateMargin(state.lease, driftBound);
}

/** What was armed for longer than it may be counts for nothing; what is held is asked for again. */
function dropRounds(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    if (group.claim.phase === 'asking') giveUpAsking(state, group, now);
    voidRounds(state, group);
  }
  state.rounds = [];
  state.renewedAt = Number.NEGATIVE_INFINITY;
}
