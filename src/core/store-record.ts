/** What a lease store keeps for a group, and what a node that only looks at it may conclude. */
import type { Cluster } from '../model/cluster.ts';
import { storeIntervals } from '../model/lease-store.ts';
import type { GroupName, NodeName } from '../model/names.ts';
import type { Ballot } from './message.ts';

/** The record of one group; the store gives each version of it a mark that no other version has. */
export interface StoreRecord {
  /** undefined: released; then `to` is the node that it was released to, or undefined where whoever comes first may have it. */
  readonly holder: NodeName | undefined;
  readonly to: NodeName | undefined;
  /** Of the node that wrote it, as in a ballot. */
  readonly incarnation: string;
  /** Of the renewal that wrote it: no two records are alike. */
  readonly nonce: string;
  /** For how many milliseconds, from when it was written, its holder may have an open gate. */
  readonly lease: number;
}

/** One group in the store's answer. */
export interface StoreAnswer {
  readonly group: GroupName;
  /** Of a write: whether it was done. Of a read: true. */
  readonly ok: boolean;
  /** The mark of the version that is there now; '' where nothing was ever written. */
  readonly version: string;
  readonly record: StoreRecord | undefined;
}

/** Replace the record if its version is still `expected`; else leave it. */
export interface StoreWrite {
  readonly group: GroupName;
  readonly expected: string;
  readonly record: StoreRecord;
}

/** The newest version that this node saw, and when by its own clock it first saw it. */
export interface Seen {
  readonly version: string;
  readonly record: StoreRecord | undefined;
  readonly since: number;
}

/** A release that the store has not acknowledged yet. */
export interface Releasing {
  readonly to: NodeName | undefined;
  readonly ballot: Ballot;
  readonly until: number;
  nonce: string | undefined;
  askedAt: number;
}

/** What a node knows of the store that its cluster keeps the leases in. */
export interface StoreWatch {
  readonly name: string;
  readonly renewEvery: number;
  readonly lookEvery: number;
  /** When it last answered anything. */
  answeredAt: number;
  /** The look that is waited for, and when the next one is due. */
  look: { readonly nonce: string; readonly at: number } | undefined;
  lookAt: number;
  readonly seen: Map<GroupName, Seen>;
  readonly releasing: Map<GroupName, Releasing>;
}

export function newStoreWatch({ store, timings }: Cluster): StoreWatch | undefined {
  if (store === undefined) return undefined;
  const { renew, look } = storeIntervals(timings.lease);
  return {
    name: store.kind === 'etcd' ? 'etcd' : 'the quorum disk',
    renewEvery: renew,
    lookEvery: look,
    answeredAt: Number.NEGATIVE_INFINITY,
    look: undefined,
    lookAt: Number.NEGATIVE_INFINITY,
    seen: new Map(),
    releasing: new Map(),
  };
}

/** Whether the store has answered lately enough for an attempt to be worth making. */
export function storeAnswers(store: StoreWatch, lease: number, now: number): boolean {
  return now < store.answeredAt + lease;
}

/** Who is looking, and what it would ask for. */
export interface Onlooker {
  readonly self: NodeName;
  readonly incarnation: string;
  readonly lease: number;
  readonly driftBound: number;
}

/**
 * When a node that first saw this record at `since` may try to replace it, by its own clock. A record that was released is
 * free at once, but for the node that it was released to; so is one's own, written in this life: whoever wrote it knows
 * whether its gate is open. Any other is left alone for as long as it says itself, and the drift bound, from when it was
 * first *seen*: that was after it was written, which was after its holder's kernel began to count. A record that is missing
 * is one that somebody may have deleted under a holder, so it is left alone for a lease too.
 */
export function freeAt({ record, since }: Seen, { self, incarnation, lease, driftBound }: Onlooker): number {
  if (record?.holder === self && record.incarnation === incarnation) return Number.NEGATIVE_INFINITY;
  if (record !== undefined && record.holder === undefined && (record.to === undefined || record.to === self))
    return Number.NEGATIVE_INFINITY;
  return since + (record?.lease ?? lease) * (1 + 2 * driftBound) + 1;
}
