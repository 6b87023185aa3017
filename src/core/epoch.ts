/**
 * Which voters count. Sets of voters follow each other by number, the epoch; two that follow each other differ by one voter
 * at most, so any majority of one has a voter in common with any majority of the next.
 *
 * A voter answers only those who count by the same epoch, and counts only answers of its own one. So two leases of one
 * group that were granted in one epoch, or in two that follow each other, meet in a voter that knows of both. Two epochs
 * that do not follow each other never grant in one longest lease: a voter helps to choose the next set only a longest
 * lease after it wrote down the one in force (`epoch-register.ts`), and any majority of that set has a voter in common
 * with any majority of the one before, which from then on can grant nothing.
 *
 * A set is in force on a node when it is on its disk, so that a crash never takes the node back to an older one. Nodes that
 * meet somebody behind them tell him; nothing else has to reach him.
 */
import { send } from './beats.ts';
import type { AfterWrite, Proposal, VoterSet } from './epoch-state.ts';
import { countAll } from './fencing/two-nodes.ts';
import { shut } from './handover.ts';
import { giveUpAsking, voidRounds } from './lease.ts';
import { countQuorum } from './membership.ts';
import type { Ballot } from './message.ts';
import { decide, type Group, longestLease, type NodeState, type Peer } from './state.ts';
import { silence } from './timing.ts';
import { countBy, mostNames } from './voters.ts';

/** Whether the sender counts by the same voters; if not, he is told ours: he learns, or we do when he hears that we are behind. */
export function isOfThisEpoch(state: NodeState, from: Peer, epoch: number, now: number): boolean {
  from.epoch = epoch;
  if (epoch === state.epoch) return true;
  state.counters.otherEpoch = (state.counters.otherEpoch ?? 0) + 1;
  if (now >= from.taughtAt + state.cluster.timings.keepalive / 2) {
    from.taughtAt = now;
    send(state, from, { kind: 'voters', voters: state.voters }, now);
  }
  return false;
}

/** A set that somebody counts by already, so it was chosen: it is written down and then in force. */
export function learnVoters(state: NodeState, set: VoterSet): void {
  const { adopting } = state.epochs;
  if (set.epoch <= state.epoch || set.voters.length === 0 || set.voters.length > mostNames) return;
  if (adopting !== undefined && set.epoch <= adopting.epoch) return;
  state.epochs.adopting = set;
  write(state, set, undefined, undefined, { kind: 'adopt', set });
}

/** Has this on the disk before anybody acts upon it. */
export function write(
  state: NodeState,
  { epoch, voters }: VoterSet,
  promised: Ballot | undefined,
  accepted: Proposal | undefined,
  then: AfterWrite,
): void {
  state.epochs.lastWrite++;
  const id = state.epochs.lastWrite;
  state.epochs.writes.set(id, then);
  state.effects.push({ type: 'persistEpoch', id, record: { epoch, voters, promised, accepted } });
}

/** How long a voter keeps to a set before it helps to choose the next one: all leases of the set before are over then. */
export function settledAt(state: NodeState): number {
  return Math.max(state.epochs.since + longestLease(state) * silence(state.driftBound), state.silentUntil);
}

/** A newer set is on the disk: from now on it is in force, and nothing that was counted by the older one counts any more. */
export function adopt(state: NodeState, set: VoterSet, now: number): void {
  const { epochs } = state;
  if (epochs.adopting === set) epochs.adopting = undefined;
  if (set.epoch <= state.epoch) return;
  const voted = (state.voterMask & state.selfBit) !== 0;
  const skipped = set.epoch > state.epoch + 1;
  countBy(state, set);
  countAll(state);
  epochs.since = now;
  epochs.promised = undefined;
  epochs.accepted = undefined;
  const votes = (state.voterMask & state.selfBit) !== 0;
  // What it may have forgotten, or never heard of, is over then; a voter that has been one all along knows it all.
  if (votes && (!voted || skipped))
    state.silentUntil = Math.max(state.silentUntil, now + longestLease(state) * silence(state.driftBound));
  dropVotes(state, now);
  decide(state, { what: 'voters', why: `${set.voters.join(', ')} vote as of epoch ${set.epoch}` });
  if (!votes) shut(state, [...state.groups.values()].filter(isHeld), undefined, now);
  for (const peer of state.peers.values()) {
    peer.taughtAt = now;
    send(state, peer, { kind: 'voters', voters: set.voters }, now);
  }
  state.beat = undefined;
  state.beatNow = true;
  countQuorum(state, now);
}

function isHeld(group: Group): boolean {
  return group.claim.phase === 'holding';
}

/** Answers of the older voters may still come: no attempt and no renewal waits for them. What is held is asked for again. */
function dropVotes(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase === 'preparing') group.claim = { phase: 'idle' };
    else if (claim.phase === 'asking') giveUpAsking(state, group, now);
    else if (claim.phase === 'holding') claim.preparing = undefined;
    voidRounds(state, group);
  }
  state.rounds = [];
  state.renewedAt = Number.NEGATIVE_INFINITY;
}
