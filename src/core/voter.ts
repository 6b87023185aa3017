import type { NodeName } from '../model/names.ts';
import { compareBallots, newerBallot } from './ballot.ts';
import type { Ballot } from './message.ts';

/**
 * What one voter remembers of one group, in memory only: a voter that restarts stays silent until all that it may have
 * granted is over (PaxosLease, arXiv 1209.4187, section 3).
 */
export interface VoterSlot {
  /** The newest ballot that was promised: nothing older is accepted any more. */
  promised: Ballot | undefined;
  promisedAt: number;
  /** The newest ballot whose holder has said that its gate is shut; what it asked for before counts for nothing. */
  released: Ballot | undefined;
  accepted: AcceptedLease | undefined;
}

export interface AcceptedLease {
  ballot: Ballot;
  /** Monotonic milliseconds of this voter: the lease lives before it. */
  until: number;
  /** Its holder has shut its gate in favour of this node; to all others it lives until it is over. */
  reservedFor: NodeName | undefined;
}

/** A voter's answer, without the group's name. */
export interface Verdict {
  readonly ok: boolean;
  readonly round: number;
  readonly holder: NodeName | undefined;
  readonly remaining: number;
}

export function emptySlot(): VoterSlot {
  return { promised: undefined, promisedAt: Number.NEGATIVE_INFINITY, released: undefined, accepted: undefined };
}

/** The lease that lives at this voter, or undefined. */
export function liveLease(slot: VoterSlot, now: number): AcceptedLease | undefined {
  return slot.accepted !== undefined && now < slot.accepted.until ? slot.accepted : undefined;
}

/**
 * First phase. While a lease lives, nothing is promised to anybody but its holder and the node that it is handed to:
 * a challenger that only fails to hear the holder would starve it otherwise.
 */
export function judgePrepare(slot: VoterSlot, ballot: Ballot, released: Ballot | undefined, now: number): Verdict {
  if (released !== undefined) noteRelease(slot, released, ballot.node);
  const live = liveLease(slot, now);
  // A machine that was cloned has the holder's name, too; one that only restarted has waited for its last lease anyway.
  const own = live?.ballot.node === ballot.node && live.ballot.incarnation === ballot.incarnation;
  if (live !== undefined && !own && live.reservedFor !== ballot.node) return refusal(slot, now);
  if (slot.promised !== undefined && compareBallots(ballot, slot.promised) < 0) return refusal(slot, now);
  slot.promised = ballot;
  slot.promisedAt = now;
  return granted(ballot);
}

/**
 * Second phase and every renewal. A live lease of somebody else is no reason to refuse here: the proposer has a majority of
 * promises, so that lease is over at a majority, or was released.
 */
export function judgePropose(slot: VoterSlot, ballot: Ballot, lease: number, now: number): Verdict {
  if (isTooOld(slot, ballot)) return refusal(slot, now);
  slot.promised = ballot;
  slot.accepted = { ballot, until: now + lease, reservedFor: undefined };
  return granted(ballot);
}

/** Whether something newer was promised, or it was released: it is not accepted any more. */
export function isTooOld({ released, promised }: VoterSlot, ballot: Ballot): boolean {
  if (released !== undefined && compareBallots(ballot, released) <= 0) return true;
  return promised !== undefined && compareBallots(ballot, promised) < 0;
}

/** The holder of `ballot` has shut its gate, for `to` or (undefined) for whoever comes first. */
export function noteRelease(slot: VoterSlot, ballot: Ballot, to: NodeName | undefined): void {
  slot.released = newerBallot(slot.released, ballot);
  if (slot.accepted === undefined || compareBallots(slot.accepted.ballot, ballot) !== 0) return;
  if (to === undefined) slot.accepted = undefined;
  else slot.accepted.reservedFor = to;
}

function granted(ballot: Ballot): Verdict {
  return { ok: true, round: ballot.round, holder: undefined, remaining: 0 };
}

/** A refusal; `least` is a round that the next attempt has to be above, whatever was promised. */
export function refusal(slot: VoterSlot, now: number, least = 0): Verdict {
  const live = liveLease(slot, now);
  const round = Math.max(slot.promised?.round ?? 0, slot.released?.round ?? 0, least);
  return {
    ok: false,
    round,
    holder: live?.ballot.node,
    remaining: live === undefined ? 0 : live.until - now,
  };
}
