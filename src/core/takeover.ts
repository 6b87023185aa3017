/**
 * How a node gets a lease that it does not hold: wait until the last one is over and the better placed had their turn,
 * collect promises from a majority, then go through a first round of `lease.ts`. The own promise comes last, so that an
 * attempt that others refuse does not make the own voter refuse the holder.
 */
import type { GroupName, NodeName } from '../model/names.ts';
import { compareBallots } from './ballot.ts';
import { sendToAll } from './beats.ts';
import type { Reason } from './effect.ts';
import { needsFencing } from './fencing/need.ts';
import { keepsOwner, leastRound, ownWord, promiseBarrier } from './fencing/owners.ts';
import { mayHearMore, obstacle } from './fencing/permission.ts';
import { mayReplace } from './fencing/store-owner.ts';
import { noteToldOwner, noteWaiting } from './fencing/waiting.ts';
import { firstTurnAt } from './first-start.ts';
import { giveUpAsking, noteRefusal, startRound } from './lease.ts';
import { inMaintenance, leftTo } from './maintenance.ts';
import type { Ballot, Message, OwnerWord, Request } from './message.ts';
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

/** What a candidate waits on a failover for each one that is placed before it. */
export const rankDelay = 10;

/** How long answers to an address probe are waited for, how long they are good for, and when a taken one is tried again. */
export const probeTime = 350;
const probeGoodFor = 5000;
export const takenRetry = 5000;

/** Ends attempts that took too long: the silence of a restarted voter counts on that. */
export function expireAttempts(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase !== 'preparing' && claim.phase !== 'asking') continue;
    const until = claim.phase === 'asking' ? askingUntil(state, group, claim.since) : claim.since + state.attempt;
    if (now < until) wakeBy(state, until);
    else if (claim.phase === 'asking') {
      giveUpAsking(state, group, now);
      // Whoever deferred to this attempt has its turn first: voters may well promise to this node and never accept.
      group.retryAt = Math.max(group.retryAt, now + state.attempt);
    } else if (isPromised(state, claim)) waitForOthers(state, group, claim, now);
    else giveUpPreparing(state, group, now);
  }
}

/**
 * Voters may have to write down first who gets a group that needs fencing. Its token was armed in time, and ends when it ends:
 * so for the answers there is all of its life.
 */
function askingUntil(state: NodeState, group: Group, since: number): number {
  if (state.store !== undefined || !needsFencing(state, group.name)) return since + state.attempt;
  const round = state.rounds.find(
    ({ asked, entries }) => asked && entries.some((one) => one.group === group && !one.done),
  );
  return Math.max(since + state.attempt, round === undefined ? 0 : round.armedAt + state.gateLifetime * 0.9);
}

function isPromised(state: NodeState, { promised }: Preparing): boolean {
  return isMajority(state, promised);
}

/** It has its majority, but what others may run of it is not over yet. */
function waitForOthers(state: NodeState, group: Group, preparing: Preparing, now: number): void {
  giveUpPreparing(state, group, now);
  const soon = group.retryAt;
  noteWaiting(state, group, obstacle(state, group, preparing), now);
  // A voter that has just started says nothing for a lease. Before the first start the next in line waits for less than the
  // usual pause: it would have the group, although nothing but a few milliseconds of that silence is in this node's way.
  const { holder } = group;
  if (holder === undefined && mayHearMore(preparing, state.peers.values(), state.voterMask)) group.retryAt = soon;
}

/** A newer ballot was promised to another node: an older attempt of one's own for what needs fencing must not go on. */
export function yieldTo(state: NodeState, group: Group, ballot: Ballot, now: number): void {
  const { claim } = group;
  if (claim.phase !== 'preparing' || compareBallots(ownBallot(state, claim.round), ballot) > 0) return;
  giveUpPreparing(state, group, now);
  group.retryAt = Math.max(group.retryAt, now + state.attempt);
}

/** Begins an attempt for every group whose time has come, in one datagram a voter. */
export function challenge(state: NodeState, now: number): void {
  if (!isCandidate(state, state.self) && !inMaintenance(state, state.self)) return;
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
  else
    claim(
      state,
      due.filter((group) => mayReplace(state, group, now)),
      now,
    );
}

/** When this node should try to take the group; asks for an address probe where that comes first. */
function challengeAt(state: NodeState, group: Group, now: number, probe: GroupName[]): number {
  const handedOver = isHandedOver(state, group, now);
  const left = leftTo(state, group.name);
  let quiet = Math.max(group.retryAt, storeFreeAt(state, group));
  // Who restarts in maintenance has been waited for: it asks at once where the others' votes are enough.
  if (left !== state.self || !canReachMajority(state, state.selfBit)) quiet = Math.max(quiet, state.silentUntil);
  if (handedOver) return quiet;
  const { slot } = group;
  const live = liveLease(slot, now);
  if (live !== undefined && live.ballot.node !== state.self) quiet = Math.max(quiet, live.until + 1);
  if (slot.promised !== undefined && slot.promised.node !== state.self)
    quiet = Math.max(quiet, slot.promisedAt + state.attempt);
  quiet = Math.max(quiet, group.knownUntil);
  // It was here when maintenance began: nobody else wants it, and nobody else answers for it.
  if (left !== undefined) return left === state.self && rank(state, group) === 0 ? quiet : Number.POSITIVE_INFINITY;
  if (group.holder !== undefined) {
    const running = leftRunningOn(state, group);
    if (running !== undefined && running !== state.self) quiet = Math.max(quiet, state.quorateSince + firstTurn(state));
    // The rank is worked out when the lease is over: only then is it known who is left.
    return now < quiet ? quiet : Math.max(quiet, overSince(state, group) + rankDelay * rank(state, group));
  }
  if (now < group.takenUntil) return group.takenUntil;
  const place = rank(state, group);
  if (place > 0 || !allNodesSeen(state))
    if (group.preferred !== state.self || (place > 0 && (state.planned ?? group.resources) !== undefined))
      quiet = Math.max(quiet, firstTurnAt(state, group, place, now));
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
  if (groups.length === 0) return;
  for (const group of groups) {
    group.topRound++;
    group.claim = { phase: 'asking', round: group.topRound, since: now, reason: reasonToTake(state, group) };
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
  const needed = requests.flatMap(({ group }) => (needsFencing(state, group) ? [group] : []));
  const owned = needed.length === 0 ? {} : { owned: needed };
  sendToAll(state, { kind: 'prepare', nonce, incarnation: options.incarnation, requests, lease, ...owned }, now);
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
  const least = keepsOwner(state, group.name) ? leastRound(state, group.name) : 0;
  group.topRound = Math.max(group.topRound, group.slot.promised?.round ?? 0, least) + 1;
  const reason = reasonToTake(state, group);
  const words = new Map<NodeName, OwnerWord>();
  return { phase: 'preparing', nonce, round: group.topRound, since: now, reason, promised: 0, refused: 0, words };
}

function reasonToTake(state: NodeState, group: Group): Reason {
  if (group.expecting?.ballot !== undefined)
    return { how: 'switchover', why: `${group.expecting.from} handed it over` };
  if (leftTo(state, group.name) === state.self) return { why: 'it was here when maintenance began' };
  if (group.holder === undefined && state.planned !== undefined && group.preferred !== state.self)
    return { why: 'nobody had held it, and the rules of placement put it here' };
  if (group.holder === undefined)
    return group.preferred === state.self
      ? { why: 'nobody had held it, and this is its preferred node' }
      : { why: `nobody had held it, and ${group.preferred} did not take it` };
  if (group.holder === state.self) return { how: 'failover', why: 'nobody took it after this node lost it' };
  return { how: 'failover', why: `the lease of ${group.holder} ran out` };
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
    const word = message.owners?.find((one) => one.group === answer.group);
    if (answer.ok) {
      preparing.promised |= from.bit;
      if (word !== undefined) preparing.words.set(from.name, word);
    } else {
      preparing.refused |= from.bit;
      noteRefusal(state, group, answer, now);
      noteToldOwner(state, group, from.name, word, now);
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
      const own = ownPromise(state, group, preparing, now);
      if (own === true) preparing.promised |= state.selfBit;
      else if (own === false) preparing.refused |= state.selfBit;
    }
    if (isMajority(state, preparing.promised)) {
      if (group.claim.phase !== 'holding' && needsFencing(state, group.name)) {
        const found = obstacle(state, group, preparing);
        if (found.nodes.length > 0) {
          if (!mayHearMore(preparing, state.peers.values(), state.voterMask))
            waitForOthers(state, group, preparing, now);
          continue;
        }
        state.fencing.waiting.delete(group.name);
      }
      if (group.claim.phase === 'holding') {
        group.claim.round = preparing.round;
        group.claim.preparing = undefined;
      } else group.claim = { phase: 'asking', round: preparing.round, since: now, reason: preparing.reason };
      won.push(group);
    } else if (!canReachMajority(state, preparing.refused)) {
      if (group.claim.phase === 'holding') group.claim.preparing = undefined;
      else giveUpPreparing(state, group, now);
    }
  }
  if (won.length > 0) startRound(state, won, now);
}

/** The own voter's promise, asked for when the others' make a majority with it; undefined: it says nothing (yet). */
function ownPromise(state: NodeState, group: Group, preparing: Preparing, now: number): boolean | undefined {
  const ballot = ownBallot(state, preparing.round);
  const keeps = keepsOwner(state, group.name);
  const barrier = keeps ? promiseBarrier(state, group.name, ballot) : undefined;
  if (barrier !== undefined) return barrier === 'later' ? undefined : false;
  const own = judgePrepare(group.slot, ballot, group.expecting?.ballot, now);
  if (now < state.silentUntil) return undefined;
  if (keeps && own.ok) preparing.words.set(state.self, ownWord(state, group, ballot));
  return own.ok;
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
