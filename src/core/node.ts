/**
 * The one door to the decisions: a state, what happened, and when, go in; what is to be done comes out. No clock, no
 * socket, no promise; the daemon, the simulation and `what-if` all run this.
 */
import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';
import { announceDue } from './announcements.ts';
import { beat } from './beats.ts';
import { noteReach, watchReach } from './connectivity.ts';
import { initialState } from './create.ts';
import { noteDrift } from './drift.ts';
import type { Effect } from './effect.ts';
import { isOfThisEpoch, learnVoters } from './epoch.ts';
import {
  beginChange,
  driveChange,
  onChangeAccept,
  onChangePromise,
  onEpochPersisted,
  stepDown,
} from './epoch-change.ts';
import { onChangePrepare, onChangePropose } from './epoch-register.ts';
import type { Event } from './event.ts';
import { onOwnersPersisted } from './fencing/accepting.ts';
import { driveFencing, isFencedLife, noteLife, onFenceCommand, onFenced, onPeersFenced } from './fencing/fence.ts';
import { noteNeeds } from './fencing/need.ts';
import { keepRecords } from './fencing/owners.ts';
import { answerQuestion, onQuestionAnswered } from './fencing/store-owner.ts';
import { addAgain } from './fencing/two-nodes.ts';
import { noteGivenUp } from './gave-up.ts';
import { abandonShut, moveGroups, onClosed, onOffer, onTake } from './handover.ts';
import { expireLeases, learnHolder, onAccept, onArmed, onGateLost, onGranted, renew } from './lease.ts';
import { countQuorum, followPeers, heard, noteBeat, noteConfiguration, noteLink, watchPeers } from './membership.ts';
import type { Message } from './message.ts';
import { thaw } from './no-quorum.ts';
import { carryOutOrders, finishOperators, followOrders, onOperator } from './operator.ts';
import { followPlan } from './planned.ts';
import { followLeases, noteResources } from './resource-wishes.ts';
import { onOrders, spreadOrders } from './spread-orders.ts';
import type { NodeOptions, NodeState, Peer } from './state.ts';
import { watchStore } from './store-ask.ts';
import { onStoreAnswer } from './store-lease.ts';
import { challenge, expireAttempts, onAddressTaken, onPromise, prepareAbove } from './takeover.ts';
import { onPrepare, onPropose, onRelease } from './voting.ts';

export type { NodeOptions, NodeState };

/** A node (or an arbiter: it only votes) that has just started; throws RangeError as `initialState` does. */
export function createNode(cluster: Cluster, self: NodeName, options: NodeOptions, now: number): NodeState {
  return initialState(cluster, self, options, now);
}

/**
 * One step. `now` is in milliseconds of a monotonic clock and never goes back. The state is changed in place and handed
 * back: use only the one that is returned, and only once.
 */
export function step(
  state: NodeState,
  event: Event,
  now: number,
): { readonly state: NodeState; readonly effects: readonly Effect[] } {
  const effects: Effect[] = [];
  state.effects = effects;
  state.wake = Number.POSITIVE_INFINITY;
  // First what time alone has ended: after a freeze the event may be older than the lease that it speaks of.
  expireLeases(state, now);
  happen(state, event, now);
  watchPeers(state, now);
  countQuorum(state, now);
  thaw(state);
  expireAttempts(state, now);
  abandonShut(state, now);
  driveChange(state, now);
  watchReach(state, now);
  followOrders(state, now);
  followPlan(state, now);
  moveGroups(state, now);
  finishOperators(state, now);
  renew(state, now);
  watchStore(state, now);
  challenge(state, now);
  driveFencing(state, now);
  announceDue(state, now);
  followLeases(state, now);
  keepRecords(state, now);
  spreadOrders(state, now);
  beat(state, now);
  followPeers(state);
  return { state, effects };
}

/** When the next tick is needed, in monotonic milliseconds; Infinity where only an event can change anything. */
export function wakeAt(state: NodeState): number {
  return state.wake;
}

function happen(state: NodeState, event: Event, now: number): void {
  if ('ok' in event && event.ok && event.type !== 'storeAnswer') state.kernelOwesSince = Number.POSITIVE_INFINITY;
  switch (event.type) {
    case 'tick':
      return;
    case 'message': {
      const peer = state.peers.get(event.from);
      if (peer !== undefined) receive(state, peer, event, now);
      return;
    }
    case 'armed':
      prepareAbove(state, onArmed(state, event.token, event.ok, now), now);
      return;
    case 'granted':
      onGranted(state, event.token, event.ok, now);
      return;
    case 'closed':
      onClosed(state, event.token, event.ok, now);
      return;
    case 'gateLost':
      onGateLost(state, now);
      return;
    case 'storeAnswer':
      onStoreAnswer(state, event, now);
      return;
    case 'epochPersisted':
      onEpochPersisted(state, event.id, event.ok, now);
      return;
    case 'ownersPersisted':
      prepareAbove(state, onOwnersPersisted(state, event.id, event.ok, now), now);
      return;
    case 'fenced':
      onFenced(state, event, now);
      return;
    case 'link':
      noteLink(state, event.device, event.up, event.mac, now);
      return;
    case 'addressTaken': {
      const group = state.groups.get(event.group);
      if (group !== undefined) onAddressTaken(state, group, event.by, now);
      return;
    }
    case 'reach':
      noteReach(state, event.reached, event.of);
      return;
    case 'resources':
      noteResources(state, event);
      return;
    case 'fenceWanted':
      state.fenceWanted.set(event.group, event.why);
      state.beat = undefined;
      state.beatNow = true;
      return;
    case 'clock':
      state.minuteOfWeek = event.minuteOfWeek;
      return;
    case 'configured':
      noteConfiguration(state, event.configHash);
      return;
    case 'operator':
      if (event.command.kind === 'reconfigure') beginChange(state, event.id, event.command, now);
      else if (event.command.kind === 'fence')
        onFenceCommand(state, event.id, event.command.node, event.command.confirmed, now);
      else onOperator(state, event.id, event.command, now);
      return;
  }
}

function receive(
  state: NodeState,
  from: Peer,
  { epoch = 0, incarnation, message }: Extract<Event, { type: 'message' }>,
  now: number,
): void {
  // An arbiter's connection does not say it beside the message.
  const life = incarnation ?? ('incarnation' in message ? message.incarnation : undefined);
  noteLife(state, from.name, life);
  heard(state, from, now);
  if ('beat' in message) {
    noteNeeds(state, from, message.beat);
    noteDrift(state, from, message.beat, now);
    noteGivenUp(state, from, message.beat);
    noteBeat(from, message.beat, epoch);
    if (message.beat.fenced !== undefined) onPeersFenced(state, from, message.beat.fenced, now);
    learnHolders(state, from, now);
  }
  if (message.kind === 'voters') learnVoters(state, { epoch, voters: message.voters });
  // What counts by other voters counts for nothing; whoever is behind is told.
  if (!isOfThisEpoch(state, from, epoch, now)) return;
  // With a store nobody votes: a peer whose configuration has none must not get a majority with this node's help.
  if (state.store !== undefined && isVote(message)) {
    if (message.kind === 'prepare') answerQuestion(state, from, message, now);
    else if (message.kind === 'promise') onQuestionAnswered(state, from, message, now);
    return;
  }
  if (isVote(message)) {
    if (isFencedLife(state, from.name, life)) return;
    addAgain(state, from);
  }
  switch (message.kind) {
    case 'beat':
    case 'voters':
      return;
    case 'orders':
      carryOutOrders(state, onOrders(state, message, now), now);
      return;
    case 'prepare':
      onPrepare(state, from, message, now);
      return;
    case 'promise':
      onPromise(state, from, message, now);
      return;
    case 'propose':
      onPropose(state, from, message, now);
      return;
    case 'accept':
      prepareAbove(state, onAccept(state, from, message, now), now);
      return;
    case 'release':
      onRelease(state, from, message, now);
      return;
    case 'offer':
      onOffer(state, from, message, now);
      return;
    case 'take':
      onTake(state, from, message, now);
      return;
    case 'stepDown':
      stepDown(state, now);
      return;
    case 'changePrepare':
      onChangePrepare(state, from.name, message, now);
      return;
    case 'changePromise':
      onChangePromise(state, from.bit, message, now);
      return;
    case 'changePropose':
      onChangePropose(state, from.name, message, now);
      return;
    case 'changeAccept':
      onChangeAccept(state, from.bit, message, now);
      return;
  }
}

function isVote({ kind }: Message): boolean {
  return kind === 'prepare' || kind === 'promise' || kind === 'propose' || kind === 'accept';
}

/** A peer whose renewals do not reach this node (it has just started, or a direction is cut) says in its beats what it holds. */
function learnHolders(state: NodeState, from: Peer, now: number): void {
  for (const name of from.beat?.holds ?? []) {
    const group = state.groups.get(name);
    if (group === undefined || group.claim.phase === 'holding') continue;
    if (group.slot.accepted !== undefined && now < group.slot.accepted.until) continue;
    learnHolder(group, from.name, now);
    group.knownUntil = Math.max(group.knownUntil, now + 1.5 * state.cluster.timings.keepalive);
  }
}
