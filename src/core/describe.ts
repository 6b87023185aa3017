import { foldHosts } from '../base/host-range.ts';
import { type StoreKind, storeBound, storeWhere } from '../model/lease-store.ts';
import type { GroupName, IpAddress, MacAddress, NodeName } from '../model/names.ts';
import { ownBeat } from './beats.ts';
import { waitsFor, whyNotAlone, whyWaiting } from './fencing/explain.ts';
import { inMaintenance, leftTo } from './maintenance.ts';
import { isAlive, votesHeard } from './membership.ts';
import { orderOf } from './orders.ts';
import { candidates, keptBy } from './placement.ts';
import { mayAskFor, whyBarredOn } from './resource-wishes.ts';
import { type Group, isAway, type NodeState } from './state.ts';
import { storeAnswers } from './store-record.ts';
import { type Verdict, verdicts } from './verdicts.ts';
import { liveLease } from './voter.ts';
import { isVoter } from './voters.ts';

/** What a node knows of one peer (or of itself) at one moment; times in milliseconds. */
export interface NodeView {
  readonly name: NodeName;
  readonly role: 'node' | 'arbiter';
  readonly voter: boolean;
  readonly epoch: number;
  readonly state: 'self' | 'up' | 'late' | 'dead' | 'unknown';
  readonly standby: boolean;
  readonly quorate: boolean;
  readonly maintenance: boolean;
  /** Since it was last heard; null for self and for those never heard. */
  readonly lastHeardMs: number | null;
  /** By network device; the gates need those of all peers. */
  readonly macs: Readonly<Record<string, MacAddress>>;
  readonly configHash: string | null;
  readonly bundleHash: string | null;
  readonly holds: readonly GroupName[];
}

/** What a node knows of one resource group. */
export interface GroupView {
  readonly name: GroupName;
  readonly addresses: readonly IpAddress[];
  readonly preferred: NodeName;
  readonly holder: NodeName | null;
  /** Monotonic milliseconds at which this node first saw this holder. */
  readonly since: number | null;
  /** The voters that granted the last renewal; empty where this node does not hold it. */
  readonly votes: readonly NodeName[];
  readonly leaseLeftMs: number | null;
  readonly gateOpen: boolean;
  /** Where an operator wants it, and for how many milliseconds yet (null: until it is cleared); null where nobody does. */
  readonly pinned: { readonly node: NodeName; readonly forMs: number | null } | null;
  /** How long a lease lasts when it is granted. */
  readonly leaseMs: number;
  /** One sentence: why it is where it is. */
  readonly reason: string;
  /** Nodes that have to be fenced before it can start. */
  readonly waitsFor: readonly NodeName[];
  readonly candidates: readonly Verdict[];
  /** The nodes that give it up for now, with the reason as far as it is known here. */
  readonly barredOn: readonly { readonly node: NodeName; readonly why: string }[];
}

/** The lease store as this node sees it. */
export interface StoreView {
  readonly kind: StoreKind;
  /** Which one: the device, the endpoints. */
  readonly where: string;
  readonly answers: boolean;
  /** Since its last answer; null: it has never answered. */
  readonly answeredMsAgo: number | null;
  readonly leaseMs: number;
  /** For how long nobody holds a group at most, when its holder dies and the store is well. */
  readonly boundMs: number;
}

/** What is looked at each second: who is there. */
export interface PeersView {
  /** Who says that this node was fenced: it takes nothing any more until its musterd starts again; null: nobody does. */
  readonly endedBy: NodeName | null;
  readonly nodes: readonly NodeView[];
}

/** The whole picture, ready to be turned into `musterd status`. */
export interface View extends PeersView {
  readonly node: NodeName;
  readonly standby: boolean;
  /** Of the whole cluster. */
  readonly maintenance: boolean;
  /** The same number on two nodes: they know the same orders of operators. */
  readonly orders: number;
  readonly quorum: {
    readonly quorate: boolean;
    readonly votes: number;
    readonly needed: number;
    readonly voters: readonly NodeName[];
    /** How often the voters were changed; 0: they are those of the configuration. */
    readonly epoch: number;
    /** For how long this node stays silent as a voter after its start. */
    readonly silentMs: number;
  };
  /** Where a store has the leases instead of the voters; times in milliseconds. */
  readonly store: StoreView | null;
  readonly groups: readonly GroupView[];
  readonly counters: Readonly<Record<string, number>>;
}

/** What this node knows at `now`; changes nothing. */
export function describe(state: NodeState, now: number): View {
  return {
    node: state.self,
    standby: isAway(state),
    ...describePeers(state, now),
    maintenance: state.orders.maintenance.has(''),
    orders: state.orders.digest,
    quorum: {
      quorate: state.quorate,
      ...votesOf(state),
      epoch: state.epoch,
      silentMs: Math.max(0, Math.ceil(state.silentUntil - now)),
    },
    store: describeStore(state, now),
    groups: [...state.groups.values()].map((group) => describeGroup(state, group, now)),
    counters: { ...state.counters },
  };
}

/** The part of it that costs no reasoning about groups. */
export function describePeers(state: NodeState, now: number): PeersView {
  return {
    endedBy: state.fencing.endedBy ?? null,
    nodes: state.names.map((name) => describeNode(state, name, now)),
  };
}

/** With a store there is one vote: its own. */
function votesOf(state: NodeState): Pick<View['quorum'], 'votes' | 'needed' | 'voters'> {
  const { cluster, majority, voters, quorate } = state;
  if (cluster.store === undefined) return { votes: votesHeard(state), needed: majority, voters };
  return { votes: quorate ? 1 : 0, needed: 1, voters: [cluster.store.kind] };
}

function describeStore({ cluster, store, lease }: NodeState, now: number): StoreView | null {
  if (cluster.store === undefined || store === undefined) return null;
  const { answeredAt } = store;
  return {
    kind: cluster.store.kind,
    where: storeWhere(cluster.store),
    answers: storeAnswers(store, lease, now),
    answeredMsAgo: answeredAt === Number.NEGATIVE_INFINITY ? null : Math.round(now - answeredAt),
    leaseMs: lease,
    boundMs: storeBound(lease, cluster.driftBound),
  };
}

function describeNode(state: NodeState, name: NodeName, now: number): NodeView {
  const peer = state.peers.get(name);
  const beat = peer === undefined ? ownBeat(state) : peer.beat;
  return {
    name,
    role: peer?.role ?? state.role,
    voter: isVoter(state, name),
    epoch: peer?.epoch ?? state.epoch,
    state: peer?.state ?? 'self',
    // What is gone is what was ordered since: it hears of it when it is back.
    standby: (peer === undefined || isAlive(peer) ? beat?.standby : undefined) ?? state.orders.standby.has(name),
    quorate: beat?.quorate ?? false,
    maintenance: inMaintenance(state, name),
    lastHeardMs: peer === undefined || peer.state === 'unknown' ? null : Math.round(now - peer.lastHeard),
    macs: beat?.macs ?? {},
    configHash: beat?.configHash || null,
    bundleHash: beat?.bundleHash || null,
    holds: beat?.holds ?? [],
  };
}

function describeGroup(state: NodeState, group: Group, now: number): GroupView {
  const { name, addresses, preferred, claim } = group;
  const held = claim.phase === 'holding' ? claim : undefined;
  const live = liveLease(group.slot, now);
  const leaseEnd = held?.leaseEnd ?? Math.max(live?.until ?? 0, group.knownUntil);
  const holder =
    held !== undefined ? state.self : (live?.ballot.node ?? (now < group.knownUntil ? group.holder : undefined));
  return {
    name,
    addresses,
    preferred,
    holder: holder ?? null,
    since: holder === undefined || holder !== group.holder ? null : group.holderSince,
    votes: held === undefined ? [] : votersOf(state, held.votes),
    leaseLeftMs: holder === undefined ? null : Math.max(0, Math.round(leaseEnd - now)),
    gateOpen: held?.gateOpen ?? false,
    pinned: pinOf(state, name, now),
    leaseMs: state.lease,
    reason: reasonOf(state, group, holder, now),
    waitsFor: holder === undefined ? waitsFor(state, group.name) : [],
    candidates: verdicts(state, group, now),
    barredOn: barredNodes(state, group),
  };
}

function pinOf({ orders }: NodeState, group: GroupName, now: number): GroupView['pinned'] {
  const order = orderOf(orders, 'pin', group, now);
  return order === undefined ? null : { node: order.value, forMs: order.remaining };
}

function barredNodes(state: NodeState, group: Group): GroupView['barredOn'] {
  return state.cluster.nodes.flatMap((node) => {
    const why = whyBarredOn(state, group, node);
    if (why === undefined) return [];
    return [{ node, why: node === state.self ? (group.resources?.barred ?? why) : why }];
  });
}

function votersOf({ cluster, voters, names }: NodeState, votes: number): readonly NodeName[] {
  if (cluster.store !== undefined) return [cluster.store.kind];
  return voters.filter((name) => (votes & (1 << names.indexOf(name))) !== 0);
}

/** Where it would go, but for a difference between configurations; as an aside, or empty. */
function whyKept(state: NodeState, group: Group, now: number): string {
  const kept = keptBy(state, group, now);
  if (kept === undefined) return '';
  return `; it goes to ${kept.to} when ${foldHosts(kept.others)} and ${state.self} have the same configuration`;
}

function reasonOf(state: NodeState, group: Group, holder: NodeName | undefined, now: number): string {
  const { claim, why } = group;
  if (claim.phase === 'holding') {
    if (group.resources?.stopping) return `on ${state.self}, whose resources stop first, as it is to be released`;
    if (claim.offer !== undefined) return `on ${state.self}, which hands it over to ${claim.offer.to}`;
    if (group.resources?.barred !== undefined)
      return `on ${state.self}, which gives it up for now, and no other node may have it: ${group.resources.barred}`;
    return claim.gateOpen
      ? `on ${state.self} as ${why}${whyKept(state, group, now)}`
      : `${state.self} has its lease, but its gate is not open yet`;
  }
  if (claim.phase === 'closing' || claim.phase === 'released')
    return `${state.self} hands it over to ${claim.to ?? 'whoever is there'}`;
  if (holder !== undefined) return holder === group.holder ? why : `${holder} holds its lease`;
  const waiting = whyWaiting(state, group.name);
  if (waiting !== undefined && (claim.phase === 'idle' || claim.phase === 'preparing')) return waiting;
  if (claim.phase !== 'idle') return `${state.self} is trying to get its lease, as ${claim.reason.why}`;
  if (!state.quorate && state.store !== undefined)
    return `nobody may hold it here: ${state.store.name} does not answer`;
  if (!state.quorate)
    return `nobody may hold it here: ${votesHeard(state)} of ${state.voters.length} voters heard, ${state.majority} needed${whyNotAlone(state)}`;
  if (now < group.takenUntil) return `nobody takes it while ${group.takenBy} answers for one of its addresses`;
  if (now < state.silentUntil) return `${state.self} has just started and stays silent until old leases are over`;
  const left = leftTo(state, group.name);
  if (left !== undefined) return `nobody holds it; in maintenance only ${left} may take it`;
  const able = candidates(state, group);
  if (able.length === 0 && group.resources !== undefined)
    return 'nobody can take it: every node is standby, dead, without quorum, or gave it up as it failed there';
  if (!mayAskFor(group) && able[0] === state.self)
    return `nobody holds it; ${state.self} finds out first what runs of it here`;
  if (able.length === 0) return 'nobody can take it: every node is standby, dead, or without quorum';
  return `nobody holds it; ${able[0]} is next in line`;
}
