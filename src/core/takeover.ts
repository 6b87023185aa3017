/**
 * How a node gets a lease that it does not hold: wait until the last one is over and the better placed had their turn,
 * collect promises from a majority, then go through a first round of `lease.ts`. The own promise comes last, so that an
 * attempt that others refuse does not make the own voter refuse the holder.
 */
import type { GroupName } from '../model/names.ts';
import { sendToAll } from './beats.ts';
import { giveUpAsking, noteRefusal, startRound } from './lease.ts';
import type { Message, Request } from './message.ts';
import { firstTurn, leftRunningOn } from './no-quorum.ts';
import { nextBelow, nextNonce } from './nonce.ts';
import { allNodesSeen, candidates, isCandidate } from './placement.ts';
import { requestFor } from './request.ts';
import { mayAskFor } from './resource-wishes.ts';
import {
  canReachMajority,
  decide,
  type Group,
  isMajority,
  type NodeState,
  ownBallot,
  type Peer,
  type Preparing,
  wakeBy,
} from './state.ts';
import { storeFreeAt } from './store-ask.ts';
import { judgePrepare, liveLease } from './voter.ts';

/** What a candidate waits for each one that is placed before it: on a failover, and when nobody has ever held the group. */
export const rankDelay = 10;
const firstRankDelay = 600;

/** How long answers to an address probe are waited for, how long they are good for, and when a taken one is tried again. */
export const probeTime = 350;
const probeGoodFor = 5000;
export const takenRetry = 5000;

/** Ends attempts that took too long: the silence of a restarted voter counts on that. */
export function expireAttempts(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase !== 'preparing' && claim.phase !== 'asking') continue;
    if (now < claim.since + state.attempt) wakeBy(state, claim.since + state.attempt);
    else if (claim.phase === 'asking') {
      giveUpAsking(state, group, now);
      // Whoever deferred to this attempt has its turn first: voters may well promise to this node and never accept.
      group.retryAt = Math.max(group.retryAt, now + state.attempt);
    } else giveUpPreparing(state, group, now);
  }
}

/** Begins an attempt for every group whose time has come, in one datagram a voter. */
export function challenge(state: NodeState, now: number): void {
  if (!isCandidate(state, state.self)) return;
  const due: Group[] = [];
  const probe: GroupName[] = [];
  for (const group of state.groups.values()) {
    if (group.claim.phase !== 'idle' || !mayAskFor(group)) continue;
    const at = challengeAt(state, group, now, probe);
    if (now >= at) due.push(group);
    else wakeBy(state, at);
  }
  if (probe.length > 0) state.effects.push({ type: 'probeAddress', groups: probe, deadline: now + probeTime });
  if (due.length === 0) return;
  if (state.store === undefined) prepare(state, due, now);
  else claim(state, due, now);
}

/** When this node should try to take the group; asks for an address probe where that comes first. */
function challengeAt(state: NodeState, group: Group, now: number, probe: GroupName[]): number {
  const handedOver = isHandedOver(state, group, now);
  let quiet = Math.max(group.retryAt, state.silentUntil, storeFreeAt(state, group));
  if (handedOver) return quiet;
  const { slot } = group;
  const live = liveLease(slot, now);
  if (live !== undefined && live.ballot.node !== state.self) quiet = Math.max(quiet, live.until + 1);
  if (slot.promised !== undefined && slot.promised.node !== state.self)
    quiet = Math.max(quiet, slot.promisedAt + state.attempt);
  quiet = Math.max(quiet, group.knownUntil);
  if (group.holder !== undefined) {
    const running = leftRunningOn(state, group);
    if (running !== undefined && running !== state.self) quiet = Math.max(quiet, state.quorateSince + firstTurn(state));
    // The rank is worked out when the lease is over: only then is it known who is left.
    return now < quiet ? quiet : Math.max(quiet, overSince(state, group) + rankDelay * rank(state, group));
  }
  if (now < group.takenUntil) return group.takenUntil;
  const { initdead } = state.cluster.timings;
  const place = rank(state, group);
  if (place > 0 || !allNodesSeen(state))
    if (group.preferred !== state.self || (place > 0 && (state.planned ?? group.resources) !== undefined))
      quiet = Math.max(quiet, Math.max(state.startedAt + initdead, state.silentUntil) + firstRankDelay * place);
  if (place === Number.POSITIVE_INFINITY) return place;
  // Nobody is known to have held it: whoever answers for it on the wire is a stranger.
  if (now >= group.probedAt + probeGoodFor) {
    group.probedAt = now;
    probe.push(group.name);
  }
  return Math.max(quiet, group.probedAt + probeTime);
}

/** Since when the group is free for the taking, as far as this node knows. */
function overSince(state: NodeState, group: Group): number {
  return Math.max(group.slot.accepted?.until ?? 0, group.knownUntil, group.retryAt, state.quorateSince);
}

/** How many come before this node; Infinity where it may not have the group at all. */
function rank(state: NodeState, group: Group): number {
  const place = candidates(state, group).indexOf(state.self);
  return place < 0 ? Number.POSITIVE_INFINITY : place;
}

function isHandedOver(state: NodeState, group: Group, now: number): boolean {
  if (group.expecting?.ballot !== undefined && now < group.expecting.until) return true;
  return liveLease(group.slot, now)?.reservedFor === state.self;
}

/** A store needs no first phase: its record has been watched for a lease, and one write decides. */
function claim(state: NodeState, groups: readonly Group[], now: number): void {
  for (const group of groups) {
    group.topRound++;
    group.claim = { phase: 'asking', round: group.topRound, since: now, why: reasonToTake(state, group) };
  }
  startRound(state, groups, now);
}

/** First phase for these groups, with a ballot above all that was heard of. */
function prepare(state: NodeState, groups: readonly Group[], now: number): void {
  const nonce = nextNonce(state.random);
  const requests = groups.map((group) => {
    const preparing = beginPreparing(state, group, nonce, now);
    group.claim = preparing;
    return requestFor(group, preparing.round, group.expecting?.ballot);
  });
  askPromises(state, nonce, requests, now);
  finishPromised(state, groups, now);
}

function askPromises(state: NodeState, nonce: string, requests: readonly Request[], now: number): void {
  const { lease, options } = state;
  sendToAll(state, { kind: 'prepare', nonce, incarnation: options.incarnation, requests, lease }, now);
}

/** A holder that was overtaken by somebody's ballot goes above it, and goes on renewing meanwhile. */
export function prepareAbove(state: NodeState, groups: readonly Group[], now: number): void {
  for (const group of groups) {
    const { claim } = group;
    if (claim.phase !== 'holding') continue;
    if (claim.preparing !== undefined && now < claim.preparing.since + state.cluster.timings.keepalive) continue;
    const nonce = nextNonce(state.random);
    claim.preparing = beginPreparing(state, group, nonce, now);
    const requests = [requestFor(group, claim.preparing.round)];
    askPromises(state, nonce, requests, now);
    state.counters.overtaken = (state.counters.overtaken ?? 0) + 1;
  }
}

function beginPreparing(state: NodeState, group: Group, nonce: string, now: number): Preparing {
  group.topRound = Math.max(group.topRound, group.slot.promised?.round ?? 0) + 1;
  const why = reasonToTake(state, group);
  return { phase: 'preparing', nonce, round: group.topRound, since: now, why, promised: 0, refused: 0 };
}

function reasonToTake(state: NodeState, group: Group): string {
  if (group.expecting?.ballot !== undefined) return `${group.expecting.from} handed it over`;
  if (group.holder === undefined && state.planned !== undefined && group.preferred !== state.self)
    return 'nobody had held it, and the rules of placement put it here';
  if (group.holder === undefined)
    return group.preferred === state.self
      ? 'nobody had held it, and this is its preferred node'
      : `nobody had held it, and ${group.preferred} did not take it`;
  if (group.holder === state.self) return 'nobody took it after this node lost it';
  return `the lease of ${group.holder} ran out`;
}

/** A voter's promises, or its refusals with who holds the lease. */
export function onPromise(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'promise' }>,
  now: number,
): void {
  const changed: Group[] = [];
  for (const answer of message.answers) {
    const group = state.groups.get(answer.group);
    const preparing = group === undefined ? undefined : preparingOf(group);
    if (group === undefined || preparing?.nonce !== message.nonce) continue;
    if (answer.ok) preparing.promised |= from.bit;
    else {
      preparing.refused |= from.bit;
      noteRefusal(state, group, answer, now);
    }
    changed.push(group);
  }
  finishPromised(state, changed, now);
}

function preparingOf(group: Group): Preparing | undefined {
  if (group.claim.phase === 'preparing') return group.claim;
  return group.claim.phase === 'holding' ? group.claim.preparing : undefined;
}

/** Goes on to the second phase with the groups that have their majority, and gives up those that cannot get one. */
function finishPromised(state: NodeState, groups: readonly Group[], now: number): void {
  const won: Group[] = [];
  for (const group of groups) {
    const preparing = preparingOf(group);
    if (preparing === undefined || now >= preparing.since + state.attempt) continue;
    if (isMajority(state, preparing.promised | state.selfBit)) {
      const ballot = ownBallot(state, preparing.round);
      const own = judgePrepare(group.slot, ballot, group.expecting?.ballot, now);
      if (now >= state.silentUntil) {
        if (own.ok) preparing.promised |= state.selfBit;
        else preparing.refused |= state.selfBit;
      }
    }
    if (isMajority(state, preparing.promised)) {
      if (group.claim.phase === 'holding') {
        group.claim.round = preparing.round;
        group.claim.preparing = undefined;
      } else group.claim = { phase: 'asking', round: preparing.round, since: now, why: preparing.why };
      won.push(group);
    } else if (!canReachMajority(state, preparing.refused)) {
      if (group.claim.phase === 'holding') group.claim.preparing = undefined;
      else giveUpPreparing(state, group, now);
    }
  }
  if (won.length > 0) startRound(state, won, now);
}

/**
 * Refused because of a lease that lives, the next attempt comes when that is over. Two that collide draw a pause, so that
 * they do not collide again.
 */
function giveUpPreparing(state: NodeState, group: Group, now: number): void {
  group.claim = { phase: 'idle' };
  group.retryAt = now < group.knownUntil ? group.knownUntil : now + 1 + nextBelow(state.random, rankDelay);
}

/** A stranger answers for an address: the group stays away from it for a while. */
export function onAddressTaken(state: NodeState, group: Group, by: string, now: number): void {
  if (group.takenBy !== by)
    decide(state, { what: 'address-taken', group: group.name, why: `${by} answers for one of its addresses` });
  group.takenBy = by;
  if (group.claim.phase === 'holding' || group.holder !== undefined) return;
  group.takenUntil = now + takenRetry;
  group.probedAt = Number.NEGATIVE_INFINITY;
  if (group.claim.phase === 'preparing') group.claim = { phase: 'idle' };
  if (group.claim.phase === 'asking') giveUpAsking(state, group, now);
}
