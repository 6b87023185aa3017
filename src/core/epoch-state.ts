import type { NodeName } from '../model/names.ts';
import type { Ballot } from './message.ts';

/** Who votes. Sets follow each other by epoch, one voter more or less at a time; epoch 0 is what the configuration says. */
export interface VoterSet {
  readonly epoch: number;
  readonly voters: readonly NodeName[];
}

/** A set that was proposed for the next epoch. */
export interface Proposal {
  readonly ballot: Ballot;
  readonly voters: readonly NodeName[];
}

/** What a voter must not forget of the epochs, whatever happens to it: the set in force, and its vote on the next one. */
export interface VoterRecord extends VoterSet {
  readonly promised: Ballot | undefined;
  readonly accepted: Proposal | undefined;
}

/** What is done when a record is on the disk. */
export type AfterWrite =
  | { readonly kind: 'adopt'; readonly set: VoterSet }
  | {
      readonly kind: 'promise';
      readonly to: NodeName;
      readonly nonce: string;
      readonly epoch: number;
      readonly accepted: Proposal | undefined;
    }
  | { readonly kind: 'accept'; readonly to: NodeName; readonly nonce: string; readonly epoch: number };

/** One ballot of a change: first promises of the old voters, then acceptances of the old and the new ones. */
export interface ChangeAttempt {
  readonly epoch: number;
  readonly nonce: string;
  readonly ballot: Ballot;
  readonly since: number;
  resendAt: number;
  promised: number;
  accepted: number;
  /** The newest proposal that one of those who promised had accepted: it may be chosen, so it is proposed again. */
  found: Proposal | undefined;
  /** What is proposed; undefined while promises are collected. */
  voters: readonly NodeName[] | undefined;
}

/** An operator's wish for other voters, which is answered once. */
export interface Change {
  readonly id: number;
  readonly add: NodeName | undefined;
  readonly remove: NodeName | undefined;
  readonly since: number;
  readonly until: number;
  attempt: ChangeAttempt | undefined;
  retryAt: number;
  /** When a node that is to be removed is next asked to step down. */
  askAt: number;
}

/** What a node knows of the epochs beside the set in force. */
export interface EpochState {
  /** Since when it has counted by this set, by its own clock and at the earliest from its start. */
  since: number;
  promised: Ballot | undefined;
  accepted: Proposal | undefined;
  /** A newer set that is being written down. */
  adopting: VoterSet | undefined;
  readonly writes: Map<number, AfterWrite>;
  lastWrite: number;
  /** The highest round of a change's ballot that was heard of. */
  topRound: number;
  change: Change | undefined;
  /** Whether it is about to be removed, and until when it believes that. */
  steppingDown: boolean;
  stepDownUntil: number;
}

/** At the start of a node: what was recorded is all that it knows. */
export function newEpochState(recorded: VoterRecord | undefined, now: number): EpochState {
  return {
    since: now,
    promised: recorded?.promised,
    accepted: recorded?.accepted,
    adopting: undefined,
    writes: new Map(),
    lastWrite: 0,
    topRound: recorded?.promised?.round ?? 0,
    change: undefined,
    steppingDown: false,
    stepDownUntil: Number.NEGATIVE_INFINITY,
  };
}
