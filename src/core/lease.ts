/**
 * The holder's side of a lease: arm, ask, grant, and the same again every keepalive.
 *
 * Each round arms a token of its own in the kernel, asks the voters only when the kernel has acknowledged it, and points
 * the gate at that token when a majority has answered this round's nonce. Whatever is applied or delivered late belongs
 * to a token that has timed out. The own count starts when arming was decided, the kernel's when it armed, the voters'
 * when they answered: in this order they also end.
 */
import type { GroupName } from '../model/names.ts';
import { announceFrom } from './announcements.ts';
import { ownBeat, sendToAll } from './beats.ts';
import { acceptBarrier, keepsOwner, noteRenewed, writeOwners } from './fencing/owners.ts';
import type { Answer, Ballot, Message } from './message.ts';
import { freeze } from './no-quorum.ts';
import { nextNonce } from './nonce.ts';
import { requestFor } from './request.ts';
import {
  canReachMajority,
  decide,
  type Group,
  holdingsChanged,
  isMajority,
  type NodeState,
  nextToken,
  ownBallot,
  type Peer,
  type Round,
  type RoundEntry,
  wakeBy,
} from './state.ts';
import { askStore, renewalDue } from './store-ask.ts';
import { isTooOld, judgePropose } from './voter.ts';

/** Arms a new token for groups that are asked for or held. */
export function startRound(state: NodeState, groups: readonly Group[], now: number): void {
  const entries: RoundEntry[] = [];
  const names: GroupName[] = [];
  for (const group of groups) {
    const { claim } = group;
    if (claim.phase !== 'asking' && claim.phase !== 'holding') continue;
    entries.push({ group, ballotRound: claim.round, votes: 0, refused: 0, done: false });
    names.push(group.name);
  }
  const token = nextToken(state);
  state.rounds = state.rounds.filter((round) => now < round.armedAt + state.gateLifetime);
  state.rounds.push({ token, nonce: nextNonce(state.random), armedAt: now, asked: false, entries });
  const deadline = now + state.gateLifetime / 2;
  state.kernelOwesSince = Math.min(state.kernelOwesSince, now);
  state.effects.push({ type: 'arm', token, groups: names, lifetime: state.gateLifetime, deadline });
}

/**
 * The kernel holds the token: now the voters may be asked, this node's own voter among them. Returns the held groups for
 * which that one has promised a newer ballot to somebody, as `onAccept` does for the others.
 */
export function onArmed(state: NodeState, token: number, ok: boolean, now: number): readonly Group[] {
  const round = state.rounds.find((candidate) => candidate.token === token);
  if (round === undefined || round.asked) return [];
  if (!ok || now > round.armedAt + state.gateLifetime / 2) {
    for (const { group } of round.entries) if (group.claim.phase === 'asking') giveUpAsking(state, group, now);
    state.rounds = state.rounds.filter((candidate) => candidate !== round);
    state.counters.armsFailed = (state.counters.armsFailed ?? 0) + 1;
    return [];
  }
  round.asked = true;
  const asked = round.entries.filter((entry) => !entry.done);
  if (asked.length === 0) return [];
  if (state.store !== undefined) {
    askStore(state, state.store, round, asked);
    return [];
  }
  const requests = asked.map(({ group, ballotRound }) => requestFor(group, ballotRound));
  const { incarnation } = state.options;
  const { nonce } = round;
  sendToAll(state, { kind: 'propose', nonce, incarnation, lease: state.lease, requests, beat: ownBeat(state) }, now);
  const unwritten = asked.filter((entry) => isUnwritten(state, entry, now));
  if (unwritten.length > 0) {
    const ballots = new Map(unwritten.map((entry) => [entry.group.name, ownBallot(state, entry.ballotRound)]));
    writeOwners(state, { to: state.self, nonce, epoch: state.epoch, lease: state.lease, ballots });
  }
  return voteForOwn(
    state,
    round,
    asked.filter((entry) => !unwritten.includes(entry)),
    now,
  );
}

/** Whether the own voter has to write down first that this node has the group. */
function isUnwritten(state: NodeState, { group, ballotRound }: RoundEntry, now: number): boolean {
  if (now < state.silentUntil || !keepsOwner(state, group.name)) return false;
  const ballot = ownBallot(state, ballotRound);
  return acceptBarrier(state, group.name, ballot) === 'write' && !isTooOld(group.slot, ballot);
}

function voteForOwn(state: NodeState, round: Round, entries: readonly RoundEntry[], now: number): readonly Group[] {
  const granted: Group[] = [];
  const overtaken: Group[] = [];
  for (const entry of entries) {
    const { group } = entry;
    const ballot = ownBallot(state, entry.ballotRound);
    const old = keepsOwner(state, group.name) && acceptBarrier(state, group.name, ballot) === 'old';
    const ok = !old && judgePropose(group.slot, ballot, state.lease, now).ok;
    if (now < state.silentUntil) continue;
    if (ok) noteRenewed(state, group.name);
    if (countVote(state, round, entry, state.selfBit, ok, now)) granted.push(group);
    if (!ok && group.claim.phase === 'holding') overtaken.push(group);
  }
  grant(state, round, granted);
  return overtaken;
}

/** The own voter has it on the disk that this node has these groups: its vote counts from now on, as far as the round still does. */
export function voteWritten(
  state: NodeState,
  nonce: string,
  ballots: ReadonlyMap<GroupName, Ballot>,
  now: number,
): readonly Group[] {
  const round = state.rounds.find((candidate) => candidate.nonce === nonce);
  if (round === undefined || now >= round.armedAt + state.gateLifetime) return [];
  return voteForOwn(
    state,
    round,
    round.entries.filter((entry) => ballots.has(entry.group.name)),
    now,
  );
}

/**
 * A voter's answers to one of the rounds under way. Returns the groups for which it has promised a newer ballot to
 * somebody, so that the holder can go above it.
 */
export function onAccept(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'accept' }>,
  now: number,
): readonly Group[] {
  const round = state.rounds.find((candidate) => candidate.nonce === message.nonce);
  if (round === undefined || now >= round.armedAt + state.gateLifetime) return [];
  const granted: Group[] = [];
  const overtaken: Group[] = [];
  for (const answer of message.answers) {
    const entry = round.entries.find((candidate) => candidate.group.name === answer.group);
    if (entry === undefined) continue;
    if (!answer.ok) noteRefusal(state, entry.group, answer, now);
    if (countVote(state, round, entry, from.bit, answer.ok, now)) granted.push(entry.group);
    if (!answer.ok && entry.group.claim.phase === 'holding') overtaken.push(entry.group);
  }
  grant(state, round, granted);
  return overtaken;
}

/** What a refusal tells: how high to go next time, and who holds the lease for how long. */
export function noteRefusal(state: NodeState, group: Group, answer: Answer, now: number): void {
  group.topRound = Math.max(group.topRound, answer.round);
  const { holder, remaining } = answer;
  if (holder === undefined || (holder === state.self && group.claim.phase === 'holding')) return;
  // Of its own it is one of an earlier life.
  group.knownUntil = Math.max(group.knownUntil, now + remaining);
  if (holder !== state.self && group.claim.phase !== 'holding') learnHolder(group, holder, now);
}

export function learnHolder(group: Group, holder: string, now: number): void {
  if (group.holder === holder) return;
  group.holder = holder;
  group.holderSince = now;
  group.why = `${holder} holds its lease`;
}

/** Counts one vote; true where it completed the majority and the gate is to be pointed at this round's token. */
function countVote(state: NodeState, round: Round, entry: RoundEntry, bit: number, ok: boolean, now: number): boolean {
  const { group } = entry;
  const { claim } = group;
  if (ok) entry.votes |= bit;
  else entry.refused |= bit;
  if (entry.done) {
    if (claim.phase === 'holding' && claim.armedAt === round.armedAt) claim.votes = entry.votes;
    return false;
  }
  if (!ok && !canReachMajority(state, entry.refused)) {
    entry.done = true;
    if (claim.phase === 'asking') giveUpAsking(state, group, now);
    return false;
  }
  if (!isMajority(state, entry.votes)) return false;
  entry.done = true;
  return acquire(state, round, entry, now);
}

/** A majority has answered this round: the lease is this node's until `gateLifetime` after arming, by its own count. */
export function acquire(state: NodeState, round: Round, entry: RoundEntry, now: number): boolean {
  const { group, votes } = entry;
  const { claim } = group;
  const leaseEnd = round.armedAt + state.gateLifetime;
  const fresh = { armedAt: round.armedAt, leaseEnd, token: round.token, votes };
  if (claim.phase === 'asking') {
    // An answer to an attempt before this one: its token is older than this one's promises.
    if (claim.round !== entry.ballotRound) return false;
    group.why = claim.reason.why;
    // This round was as good as a renewal; the next one is due a keepalive later.
    if (state.renewedAt < round.armedAt - state.cluster.timings.keepalive) state.renewedAt = round.armedAt;
    group.claim = {
      phase: 'holding',
      since: now,
      round: claim.round,
      gateOpen: false,
      taken: claim.reason,
      shutSince: now,
      preparing: undefined,
      offer: undefined,
      failedOffers: 0,
      ...fresh,
    };
    return true;
  }
  // Answers of an older round after those of a newer one say nothing new.
  if (claim.phase !== 'holding' || round.armedAt <= claim.armedAt) return false;
  const left = claim.leaseEnd - now;
  state.counters.leastLeft = Math.min(state.counters.leastLeft ?? left, left);
  if (left < state.lease / 4)
    decide(state, {
      what: 'renewed-late',
      group: group.name,
      why: `only ${Math.round(left)} ms were left of the lease`,
    });
  Object.assign(claim, fresh);
  return true;
}

export function grant(state: NodeState, round: Round, groups: readonly Group[]): void {
  if (groups.length === 0) return;
  const deadline = round.armedAt + state.gateLifetime;
  state.effects.push({ type: 'grant', token: round.token, groups: groups.map((group) => group.name), deadline });
}

/** The kernel has pointed the gate at a token. The first time, the address and the announcements follow. */
export function onGranted(state: NodeState, token: number, ok: boolean, now: number): void {
  let opened = false;
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase !== 'holding' || claim.token !== token || claim.gateOpen || !ok) continue;
    claim.gateOpen = true;
    opened = true;
    if (group.holder !== state.self) group.holderSince = now;
    group.holder = state.self;
    group.expecting = undefined;
    announceFrom(group, now);
    state.counters.takeovers = (state.counters.takeovers ?? 0) + 1;
    decide(state, { what: 'takeover', group: group.name, how: claim.taken?.how, why: group.why });
    claim.taken = undefined;
  }
  if (opened) holdingsChanged(state);
}

/** Renews all that is held in one round, a keepalive after the last. */
export function renew(state: NodeState, now: number): void {
  const held: Group[] = [];
  for (const group of state.groups.values()) {
    if (group.claim.phase !== 'holding') continue;
    held.push(group);
    wakeBy(state, group.claim.leaseEnd);
  }
  if (held.length === 0) return;
  if (now >= renewalDue(state)) {
    state.renewedAt = now;
    startRound(state, held, now);
  }
  wakeBy(state, renewalDue(state));
}

/** Ends, before anything else in a step, what has run out by the own count; after a freeze that may be long ago. */
export function expireLeases(state: NodeState, now: number): void {
  const lost: Group[] = [];
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase === 'holding' && now >= claim.leaseEnd) {
      const late = Math.round(now - claim.leaseEnd);
      decide(state, {
        what: 'lost',
        group: group.name,
        why: `${state.store?.name ?? 'no majority'} ${state.store ? 'did not renew' : 'renewed'} the lease in time; it ran out ${late} ms ago`,
      });
      state.counters.lost = (state.counters.lost ?? 0) + 1;
      lost.push(group);
    } else if (claim.phase === 'closing' && now >= claim.until) group.claim = { phase: 'idle' };
  }
  if (lost.length === 0) return;
  for (const group of lost) {
    voidRounds(state, group);
    group.claim = { phase: 'idle' };
    group.why = `${state.self} could not renew its lease`;
  }
  freeze(state, lost);
  state.effects.push({ type: 'close', token: nextToken(state), groups: lost.map((group) => group.name) });
  holdingsChanged(state);
}

/** From now on no answer to a round under way opens this group's gate. */
export function voidRounds(state: NodeState, group: Group): void {
  for (const round of state.rounds) for (const entry of round.entries) if (entry.group === group) entry.done = true;
}

/**
 * An attempt whose second phase failed; the voters that accepted it will promise to this node again at once. Where its own
 * kernel does not arm, it waits for a lease: others defer to whoever has their promise, and would never get their turn.
 */
export function giveUpAsking(state: NodeState, group: Group, now: number): void {
  const waits = (entry: RoundEntry): boolean => entry.group === group && !entry.done;
  const unarmed = state.rounds.some(({ asked, entries }) => !asked && entries.some(waits));
  voidRounds(state, group);
  group.claim = { phase: 'idle' };
  group.retryAt = now + (unarmed ? state.lease : 1);
}

/** Somebody flushed the ruleset: every gate is shut and every token gone. A fresh round opens again what is still held. */
export function onGateLost(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    voidRounds(state, group);
    // Nothing but the gate kept a frozen address silent.
    group.frozen = false;
    if (group.claim.phase === 'asking') giveUpAsking(state, group, now);
    if (group.claim.phase !== 'holding') continue;
    if (group.claim.gateOpen) group.claim.shutSince = now;
    group.claim.gateOpen = false;
    group.why = 'its gate was lost and opened again under the lease that it still held';
    decide(state, { what: 'gate-lost', group: group.name, why: 'the ruleset was changed by somebody else' });
  }
  state.rounds = [];
  state.renewedAt = Number.NEGATIVE_INFINITY;
  holdingsChanged(state);
}
