import { own } from '../../base/own.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import type { Ballot, Fenced } from '../message.ts';
import type { OwnerRecord, OwnerRecords } from './owner-record.ts';

/** An acceptance that is sent when its record is on the disk. */
export interface PendingAccept {
  /** Whose request it answers; the own name where it is the own vote. */
  readonly to: NodeName;
  readonly nonce: string;
  readonly epoch: number;
  readonly lease: number;
  readonly ballots: ReadonlyMap<GroupName, Ballot>;
}

export interface OwnerWrite {
  readonly records: OwnerRecords;
  readonly accepts: PendingAccept[];
}

/** A group that this node could have, were it certain that others run nothing of it. */
export interface Waiting {
  /** Those that may still run something of it. */
  readonly nodes: readonly NodeName[];
  readonly since: number;
  /** The end of a sentence: `node1 held it last`. */
  readonly why: string;
}

/** A node that this one wants fenced. */
export interface FenceWish {
  readonly node: NodeName;
  readonly why: string;
  readonly since: number;
  /** For how long it may yet come back; milliseconds. */
  readonly wait: number;
  /** When it is asked for (again). */
  at: number;
  /** The `fence` effect that was not answered yet, and the life of the node that it was asked about. */
  asked: { readonly id: number; readonly incarnation: string } | undefined;
  tries: number;
  /** Why the last try came to nothing. */
  failure: string | undefined;
  /** Operators' commands that wait for it. */
  readonly operators: number[];
}

export interface FencingState {
  /** The groups of the configuration that must never run twice. */
  readonly needed: ReadonlySet<GroupName>;
  /** Those that others have asked for as such. */
  readonly asked: Set<GroupName>;
  /** Those that peers say need fencing by their configurations, with who says so. */
  readonly saidBy: Map<GroupName, readonly NodeName[]>;
  /** Who was refused a group last, as it did not know that it needs fencing. */
  readonly unaware: Map<GroupName, NodeName>;
  /** Something that the records of what nobody needs to be recorded follow from has changed. */
  recount: boolean;
  /** What this voter knows of owners: its disk, and what is being written. */
  readonly records: Map<GroupName, OwnerRecord>;
  /** Groups whose record is not on the disk yet, or may not be. */
  readonly unwritten: Set<GroupName>;
  /** At and below this round it may have promised something before it started. */
  readonly forgotten: number;
  /** Promises up to this round may be given: that is on the disk. */
  promisable: number;
  /** Such a record is being written. */
  reserving: boolean;
  /** Something changed that is worth writing, and that nobody waits for. */
  stale: boolean;
  /** The last write failed: the next one that nobody waits for comes then. */
  writeAgainAt: number;
  readonly writes: Map<number, OwnerWrite>;
  lastId: number;
  /** The newest life of each peer that was heard. */
  readonly lives: Map<NodeName, string>;
  readonly fenced: Map<NodeName, Fenced>;
  readonly waiting: Map<GroupName, Waiting>;
  /** Those of the nodes waited for that are not heard any more, as the others are told. */
  waitsFor: readonly NodeName[];
  readonly wishes: Map<NodeName, FenceWish>;
  /** With a store: who was asked whether it runs anything of a group, and the version that was there then, by nonce. */
  readonly questions: Map<string, { readonly group: GroupName; readonly node: NodeName; readonly version: string }>;
  /** The version for which a node said that it does not, by group and node. */
  readonly clean: Map<string, string>;
  /** Bits of voters that do not count, as they are known to be off (`two-nodes.ts`). */
  subtracted: number;
  /** The others take this life of the node for over: it has nothing and gets nothing any more. */
  ended: boolean;
  /** Who said so, where it was not this node itself. */
  endedBy: NodeName | undefined;
}

/** At the start of a voter: what its disk says is all that it knows. */
export function newFencingState({ groups, resources }: Cluster, recorded: OwnerRecords | undefined): FencingState {
  const needs = groups.filter(({ name }) => own(resources?.groups ?? {}, name)?.needsFencing === true);
  const promisedUpTo = recorded?.promisedUpTo ?? 0;
  return {
    needed: new Set(needs.map(({ name }) => name)),
    asked: new Set(),
    saidBy: new Map(),
    recount: true,
    unaware: new Map(),
    records: new Map(recorded?.owners.map((record) => [record.group, record])),
    unwritten: new Set(),
    forgotten: promisedUpTo,
    promisable: promisedUpTo,
    reserving: false,
    stale: false,
    writeAgainAt: Number.NEGATIVE_INFINITY,
    writes: new Map(),
    lastId: 0,
    lives: new Map(),
    fenced: new Map(),
    waiting: new Map(),
    waitsFor: [],
    wishes: new Map(),
    questions: new Map(),
    clean: new Map(),
    subtracted: 0,
    ended: false,
    endedBy: undefined,
  };
}
