import type { Cluster } from '../model/cluster.ts';
import { gateMargin } from '../model/gate-margin.ts';
import type { NodeName } from '../model/names.ts';
import { addressesOf, agentsOf, type ResourceGroup } from '../model/resource-group.ts';
import { newReach } from './connectivity.ts';
import { wantsHash } from './differences.ts';
import { newEpochState, type VoterRecord, type VoterSet } from './epoch-state.ts';
import { newFencingState } from './fencing/fencing-state.ts';
import { recallFenced } from './fencing/two-nodes.ts';
import { newOrderBook } from './orders.ts';
import { newStanding } from './resources/standing.ts';
import { type Group, longestLease, type NodeOptions, type NodeState } from './state.ts';
import { newStoreWatch } from './store-record.ts';
import { attemptTime, silence } from './timing.ts';
import { emptySlot } from './voter.ts';
import { countBy, mostNames, newPeer } from './voters.ts';

/**
 * A node (or an arbiter: it only votes) that has just started: it knows nothing and holds nothing, and as a voter it stays
 * silent until all that it may have granted or promised before is over. Throws RangeError where `self` is no voter, or
 * where the lease leaves nothing for the gate.
 */
export function initialState(cluster: Cluster, self: NodeName, options: NodeOptions, now: number): NodeState {
  const voters = [...cluster.nodes, ...cluster.arbiters.map((arbiter) => arbiter.name)];
  const index = voters.indexOf(self);
  if (index < 0) throw new RangeError(`"${self}" is no voter of this cluster (voters: ${voters.join(', ')})`);
  if (voters.length > mostNames)
    throw new RangeError(`a cluster has at most ${mostNames} voters, this one has ${voters.length}`);
  const { lease } = cluster.timings;
  const gateLifetime = lease - gateMargin(lease, cluster.driftBound);
  if (gateLifetime <= cluster.timings.keepalive)
    throw new RangeError(`a lease of ${lease} ms cannot be renewed every ${cluster.timings.keepalive} ms`);
  // A store may take longer to answer than voters do, and nobody defers to an attempt.
  const attempt = cluster.store === undefined ? attemptTime(lease) : lease / 2;
  const startedAt = now;
  const state: NodeState = {
    cluster,
    self,
    role: index < cluster.nodes.length ? 'node' : 'arbiter',
    options,
    names: [...voters],
    selfBit: 1 << index,
    epoch: 0,
    voters,
    voterMask: 0,
    majority: 0,
    epochs: newEpochState(options.recorded, startedAt),
    lease,
    gateLifetime,
    driftBound: cluster.driftBound,
    wants: index < cluster.nodes.length ? wantsHash(cluster) : undefined,
    attempt,
    startedAt,
    // Where a store has the leases, nothing was only in this node's memory.
    silentUntil:
      cluster.store === undefined
        ? Math.min(startedAt, options.aloneSince ?? startedAt) +
          longestLease({ lease, options }) * silence(cluster.driftBound)
        : startedAt,
    random: [...options.seed],
    peers: new Map(
      voters.flatMap((name, position) =>
        name === self
          ? []
          : [[name, newPeer(name, position < cluster.nodes.length ? 'node' : 'arbiter', position)] as const],
      ),
    ),
    groups: new Map(
      cluster.groups.map((group) => [group.name, newGroup(group, index < cluster.nodes.length ? cluster : undefined)]),
    ),
    store: newStoreWatch(cluster),
    macs: options.macs,
    reach: newReach(),
    fencing: newFencingState(cluster, options.owners),
    planned: undefined,
    orders: newOrderBook(options.orders, startedAt),
    minuteOfWeek: undefined,
    standby: false,
    leaving: false,
    quorate: false,
    quorateSince: startedAt,
    peersMoved: false,
    beat: undefined,
    beatNow: true,
    rounds: [],
    renewedAt: Number.NEGATIVE_INFINITY,
    lastToken: Math.abs(options.seed[0] ^ options.seed[3]) % 0x3fff_ffff,
    kernelOwesSince: Number.POSITIVE_INFINITY,
    kernelAskedAt: Number.NEGATIVE_INFINITY,
    pending: [],
    fenceWanted: new Map(),
    counters: { takeovers: 0, lost: 0, overtaken: 0, armsFailed: 0 },
    wake: now,
    effects: [],
  };
  state.standby = state.orders.standby.has(self);
  countBy(state, counted(options.recorded) ?? { epoch: 0, voters });
  recallFenced(state);
  return state;
}

/**
 * The set that a record puts in force. One of epoch 0 that has accepted nothing was written for a promise alone, in a change
 * that may have come to nothing: were the set of that day in force on those who promised, and the configuration's on all
 * others, the two could grow apart by more than the one voter that keeps their majorities together.
 */
function counted(recorded: VoterRecord | undefined): VoterSet | undefined {
  return recorded?.epoch === 0 && recorded.accepted === undefined ? undefined : recorded;
}

/** What a node knows of a group at its start: nothing. An arbiter, which runs nothing, has no cluster to look its rules up in. */
export function newGroup(group: ResourceGroup, cluster?: Cluster): Group {
  return {
    name: group.name,
    addresses: addressesOf(group).map(({ address }) => address),
    preferred: group.preferred,
    slot: emptySlot(),
    claim: { phase: 'idle' },
    topRound: 0,
    holder: undefined,
    holderSince: Number.NEGATIVE_INFINITY,
    knownUntil: Number.NEGATIVE_INFINITY,
    retryAt: Number.NEGATIVE_INFINITY,
    expecting: undefined,
    notReadyAt: Number.NEGATIVE_INFINITY,
    probedAt: Number.NEGATIVE_INFINITY,
    takenBy: undefined,
    takenUntil: Number.NEGATIVE_INFINITY,
    frozen: false,
    resources: cluster === undefined || agentsOf(group).length === 0 ? undefined : newStanding(),
    gaveUp: new Map(),
    announcing: undefined,
    why: 'nobody has held it since this node started',
  };
}
