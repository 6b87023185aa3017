import type { Cluster } from '../model/cluster.ts';
import type { GroupName, IpAddress, MacAddress, NodeName } from '../model/names.ts';
import type { Decision, Effect, Reason } from './effect.ts';
import type { EpochState, VoterRecord } from './epoch-state.ts';
import type { FencingState } from './fencing/fencing-state.ts';
import type { OwnerRecords } from './fencing/owner-record.ts';
import type { Ballot, Beat, Fenced, OwnerWord } from './message.ts';
import type { RandomWords } from './nonce.ts';
import type { Order, OrderBook } from './orders.ts';
import type { Plan } from './placing/plan.ts';
import type { ResourceStanding } from './resources/standing.ts';
import type { StoreWatch } from './store-record.ts';
import type { VoterSlot } from './voter.ts';

export interface NodeOptions {
  /** 32 hex digits: the durable count of this node's starts (16 digits), then 64 random bits; the same as the wire's. */
  readonly incarnation: string;
  /** 128 random bits as four unsigned 32-bit numbers: the source of nonces and jitter. */
  readonly seed: readonly [number, number, number, number];
  readonly configHash: string;
  readonly bundleHash: string;
  /** The own MAC addresses by network device; `link` events keep them up to date. */
  readonly macs: Readonly<Record<string, MacAddress>>;
  /** The longest lease of any configuration since the last boot, in milliseconds; undefined: the cluster's. */
  readonly longestLease?: number | undefined;
  /** Since when no earlier life of this node has answered anybody, monotonic; undefined: since now. */
  readonly aloneSince?: number | undefined;
  /** The voters that were recorded last; undefined: none ever were, so those of the configuration vote. */
  readonly recorded?: VoterRecord | undefined;
  /** Who had the groups that need fencing, as this voter recorded it; undefined: nothing is on its disk. */
  readonly owners?: OwnerRecords | undefined;
  /** Who was known to be off a moment ago, before musterd was restarted and since the machine booted. */
  readonly fenced?: readonly Fenced[] | undefined;
  /** What operators had ordered, as this node recorded it last. */
  readonly orders?: readonly Order[] | undefined;
}

/** Another voter, as this node sees it. Voters are told apart by one bit each, so that votes are counted in a number. */
export interface Peer {
  readonly name: NodeName;
  readonly role: 'node' | 'arbiter';
  readonly bit: number;
  state: 'unknown' | 'up' | 'late' | 'dead';
  lastHeard: number;
  upSince: number;
  beat: Beat | undefined;
  /** By what epoch it counted when it said that. */
  beatEpoch: number;
  /** When a beat of ours last went to it, alone or with a renewal or an answer. */
  lastSent: number;
  /** The epoch in its newest message, and when it was last told which voters are in force here. */
  epoch: number;
  taughtAt: number;
}

/**
 * How far this node has got with one group:
 *
 *     idle -> preparing -> asking -> holding -> closing -> released -> idle
 *       ^________|___________|_________|___________|
 *
 * `preparing` collects promises, `asking` has armed and waits for a majority to accept; `holding` renews. `closing` waits
 * for the kernel to say that the gate is shut, `released` for the node that the group is handed to.
 */
export type Claim =
  | { readonly phase: 'idle' }
  | Preparing
  | { readonly phase: 'asking'; readonly round: number; readonly since: number; readonly reason: Reason }
  | Holding
  | Closing
  | {
      readonly phase: 'released';
      readonly to: NodeName;
      readonly ballot: Ballot;
      readonly until: number;
      resendAt: number;
    };

export interface Preparing {
  readonly phase: 'preparing';
  readonly nonce: string;
  readonly round: number;
  readonly since: number;
  readonly reason: Reason;
  promised: number;
  refused: number;
  /** Of a group that needs fencing: what each voter said with its promise. */
  readonly words: Map<NodeName, OwnerWord>;
}

export interface Holding {
  readonly phase: 'holding';
  readonly since: number;
  /** The round of the ballot that it renews with. */
  round: number;
  /** When the renewal that counts was armed; the lease is over by the own count at `leaseEnd`. */
  armedAt: number;
  leaseEnd: number;
  /** The token of the newest grant that the kernel was told. */
  token: number;
  gateOpen: boolean;
  /** Why it was taken, until its gate has opened once and that is told. */
  taken: Reason | undefined;
  /** Since when the kernel has not confirmed an open gate, while it is shut. */
  shutSince: number;
  /** Bits of the voters that granted the renewal that counts. */
  votes: number;
  /** A voter has promised a newer ballot to somebody: the promises for one of ours above it. */
  preparing: Preparing | undefined;
  offer: { readonly to: NodeName; readonly nonce: string; readonly until: number; resendAt: number } | undefined;
  /** Offers that came to nothing, so that the next one goes to the next candidate. */
  failedOffers: number;
}

export interface Closing {
  readonly phase: 'closing';
  readonly token: number;
  readonly to: NodeName | undefined;
  readonly ballot: Ballot;
  readonly until: number;
}

export interface Group {
  readonly name: GroupName;
  /** As the configuration has them; an arbiter has those that it was asked about. */
  addresses: readonly IpAddress[];
  readonly preferred: NodeName;
  readonly slot: VoterSlot;
  claim: Claim;
  /** The highest round heard of; the next ballot is above it. */
  topRound: number;
  /** The last known holder, since when, and until when its lease is known to live. */
  holder: NodeName | undefined;
  holderSince: number;
  knownUntil: number;
  /** No attempt before this. */
  retryAt: number;
  /** A hand-over to this node is under way: frames that `from` passes on are accepted; `ballot` once it is released. */
  expecting: { readonly from: NodeName; readonly until: number; ballot: Ballot | undefined } | undefined;
  /** When a node that comes before this one was last seen to find out what runs there, while nobody was known to hold it. */
  notReadyAt: number;
  /** Until when the answers to the last address probe are waited for, or have to be. */
  probedAt: number;
  takenBy: MacAddress | undefined;
  takenUntil: number;
  /** Its lease ran out for want of a majority, and what runs was left as it is, behind a shut gate (`no-quorum.ts`). */
  frozen: boolean;
  /** What agents run of it on this node; undefined where it is only addresses. */
  readonly resources: ResourceStanding | undefined;
  /** The nodes that gave it up, each with the life in which it did (`gave-up.ts`). */
  readonly gaveUp: Map<NodeName, string | undefined>;
  /** The series of announcements under way: its start, and the index of the next. */
  announcing: { readonly since: number; next: number } | undefined;
  /** Why it is where it is, as this node decided or learned it. */
  why: string;
}

/** One renewal: a token, a nonce, and the groups that are asked for with them. */
export interface Round {
  readonly token: number;
  readonly nonce: string;
  readonly armedAt: number;
  asked: boolean;
  readonly entries: RoundEntry[];
}

export interface RoundEntry {
  readonly group: Group;
  readonly ballotRound: number;
  votes: number;
  refused: number;
  /** Granted, or given up: late answers change nothing any more. */
  done: boolean;
}

/** An operator's command that is answered when nothing is held any more, or at the latest at `until`. */
export interface PendingOperator {
  readonly id: number;
  readonly kind: 'standby' | 'leave';
  /** Later where resources have to be stopped first: they take what they take. */
  until: number;
  /** Of a node that leaves: nobody came for what it holds, and it is dropped. */
  unwanted: boolean;
}

/** How many ping nodes (and ping groups, each as one) this node reaches, and what it has moved for their sake. */
export interface Reach {
  /** undefined: none is configured, or it is not known yet. */
  reached: number | undefined;
  /** Since when each peer that reaches more than this node has done so without a break. */
  readonly betterSince: Map<NodeName, number>;
  /** The same for those that reach at least as much. */
  readonly evenSince: Map<NodeName, number>;
  /** Hand-overs in a row that were made for this: each makes the next one wait twice as long. */
  moves: number;
  movedAt: number;
}

/** Where the groups should be, as of the last step; only where muster.yml has rules for it. */
export interface Planned {
  /** What the plan follows from: while it is the same, so is the plan. */
  readonly from: string;
  readonly plan: Plan;
  /** For groups that should move: where to, and since when without a break. */
  readonly moves: Map<GroupName, { readonly to: NodeName; readonly since: number }>;
}

/** All that a node knows. Owned by `step`: it is changed in place, and nobody else may. */
export interface NodeState {
  readonly cluster: Cluster;
  readonly self: NodeName;
  readonly role: 'node' | 'arbiter';
  options: NodeOptions;
  /** Everybody that was ever heard of, this node included, each at the index of its bit. */
  readonly names: NodeName[];
  readonly selfBit: number;
  /** Whose votes count, by which epoch, as names and as bits; `voters.ts` changes them. */
  epoch: number;
  voters: readonly NodeName[];
  voterMask: number;
  majority: number;
  readonly epochs: EpochState;
  /** What voters are asked for, and what the gate is armed for: less the margin for drift and one kernel tick. */
  readonly lease: number;
  gateLifetime: number;
  /** The largest of all configurations that are known. */
  driftBound: number;
  /** A hash over what says where groups are wanted (`differences.ts`); undefined for an arbiter, which wants nothing. */
  readonly wants: number | undefined;
  /** From the first prepare to the arming at most; a restarted voter's silence outlasts it. */
  readonly attempt: number;
  readonly startedAt: number;
  silentUntil: number;
  readonly random: RandomWords;
  readonly peers: Map<NodeName, Peer>;
  /** Those of the configuration; of an arbiter, which has none, those that it was asked about (`arbiter.ts`). */
  readonly groups: Map<GroupName, Group>;
  /** Where the leases lie in a store: then no votes are asked for or given. */
  readonly store: StoreWatch | undefined;
  macs: Readonly<Record<string, MacAddress>>;
  readonly reach: Reach;
  /** Who may run what must never run twice, and who is known to be off. */
  readonly fencing: FencingState;
  planned: Planned | undefined;
  /** What operators want of the whole cluster; `standby` below follows from it. */
  readonly orders: OrderBook;
  /** Minutes since Sunday's midnight by the local clock, for failback windows; undefined where nobody said. */
  minuteOfWeek: number | undefined;
  standby: boolean;
  leaving: boolean;
  quorate: boolean;
  quorateSince: number;
  /** A peer came or went in this step. */
  peersMoved: boolean;
  /** The own beat as it goes out now; undefined where something in it has changed. */
  beat: Beat | undefined;
  /** Something in it is worth a datagram of its own. */
  beatNow: boolean;
  rounds: Round[];
  renewedAt: number;
  lastToken: number;
  /** Since when the kernel has owed the acknowledgement of a command; Infinity: it owes none. */
  kernelOwesSince: number;
  /** When it was last given something to acknowledge for no other reason. */
  kernelAskedAt: number;
  pending: PendingOperator[];
  /** Why this node has to be switched off before these groups start anywhere else. */
  readonly fenceWanted: Map<GroupName, string>;
  counters: Record<string, number>;
  /** When the next tick is needed; computed anew by every step. */
  wake: number;
  /** The effects of the step under way, in order. */
  effects: Effect[];
}

/** Asks for a tick at this time. */
export function wakeBy(state: NodeState, at: number): void {
  if (at < state.wake) state.wake = at;
}

/** The longest lease that this voter grants: its silence after a restart outlasts it. */
export function longestLease(state: Pick<NodeState, 'lease' | 'options'>): number {
  return Math.max(state.lease, state.options.longestLease ?? 0);
}

export function decide(state: NodeState, decision: Decision): void {
  state.effects.push({ type: 'decide', decision });
}

export function countBits(mask: number): number {
  let bits = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits++;
  return bits;
}

/** Whether this node takes nothing and hands over what it holds: an operator's wish, or it is about to end or to be removed. */
export function isAway(state: NodeState): boolean {
  return state.standby || state.leaving || state.epochs.steppingDown || state.fencing.ended;
}

/** Whether these votes are a majority of all voters. */
export function isMajority(state: NodeState, votes: number): boolean {
  return countBits(votes & state.voterMask & ~state.fencing.subtracted) >= state.majority;
}

/** Whether a majority can still come together when these voters have refused. */
export function canReachMajority(state: NodeState, refused: number): boolean {
  const { subtracted } = state.fencing;
  return state.voters.length - countBits((refused | subtracted) & state.voterMask) >= state.majority;
}

/** No token is used twice: what the kernel applies late belongs to one that has timed out. */
export function nextToken(state: NodeState): number {
  // A packet mark: 32 bits, and 0 means none.
  state.lastToken = (state.lastToken % 0x7fff_ffff) + 1;
  return state.lastToken;
}

export function ownBallot(state: NodeState, round: number): Ballot {
  return { round, node: state.self, incarnation: state.options.incarnation };
}

/** The groups whose gate is open here. */
export function openGroups(state: NodeState): GroupName[] {
  const open: GroupName[] = [];
  for (const group of state.groups.values())
    if (group.claim.phase === 'holding' && group.claim.gateOpen) open.push(group.name);
  return open;
}

/** The groups that this node holds have changed: the addresses follow, and the peers are told. */
export function holdingsChanged(state: NodeState): void {
  const groups = openGroups(state);
  for (const { name, frozen } of state.groups.values()) if (frozen && !groups.includes(name)) groups.push(name);
  state.effects.push({ type: 'hold', groups });
  state.beat = undefined;
  state.beatNow = true;
}
