/** The voter's side: what this node answers when it is asked, and what it learns from being asked. */
import type { GroupName } from '../model/names.ts';
import { askedGroup } from './arbiter.ts';
import { ownBeat, send } from './beats.ts';
import type { PendingAccept } from './fencing/fencing-state.ts';
import { needsFencing, noteUnaware } from './fencing/need.ts';
import {
  acceptBarrier,
  keepsOwner,
  leastRound,
  noteAsked,
  noteOver,
  noteRenewed,
  ownWord,
  promiseBarrier,
  writeOwners,
} from './fencing/owners.ts';
import { meansTheSame } from './group-addresses.ts';
import { learnHolder } from './lease.ts';
import type { Answer, Ballot, Message, OwnerWord, Request } from './message.ts';
import { type Group, longestLease, type NodeState, type Peer } from './state.ts';
import { lookAgain } from './store-ask.ts';
import { yieldTo } from './takeover.ts';
import { isTooOld, judgePrepare, judgePropose, liveLease, noteRelease, refusal, type Verdict } from './voter.ts';

export function onPrepare(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'prepare' }>,
  now: number,
): void {
  if (!bothVote(state, from)) return;
  // Whoever asks for a longer lease may take longer from here to arming than this voter would be silent after a restart, by
  // which it would have forgotten the promise. It would not get the lease of this voter either, so it keeps nobody waiting.
  if (message.lease !== undefined && message.lease > longestLease(state)) return;
  noteAsked(state, message.owned ?? []);
  const owners: OwnerWord[] = [];
  const answers = answerAll(state, from, message, now, (group, request, ballot) => {
    if (isUnaware(state, group, from, message.owned, now)) {
      owners.push(ownWord(state, group, ballot));
      return refusal(group.slot, now);
    }
    if (!keepsOwner(state, group.name)) return judgePrepare(group.slot, ballot, request.released, now);
    if (request.released !== undefined) noteOver(state, group.name, request.released);
    const barrier = promiseBarrier(state, group.name, ballot);
    if (barrier === 'later') return undefined;
    if (barrier === 'old') return refusal(group.slot, now, leastRound(state, group.name));
    const verdict = judgePrepare(group.slot, ballot, request.released, now);
    if (!verdict.ok) return verdict;
    yieldTo(state, group, ballot, now);
    owners.push(ownWord(state, group, ballot));
    return verdict;
  });
  // Silent after a restart: what was promised before it is forgotten, so nothing is answered until it is over.
  if (now < state.silentUntil) return;
  const said = owners.length === 0 ? {} : { owners };
  send(state, from, { kind: 'promise', nonce: message.nonce, answers, ...said }, now);
}

export function onPropose(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'propose' }>,
  now: number,
): void {
  if (!bothVote(state, from)) return;
  // After a restart this voter would be silent too short for a lease that is longer than all of its own configurations'. It
  // is not noted either (the first phase of an older version did not say the lease): a node that nobody grants such a lease would keep those from their turn that could have a shorter one.
  if (message.lease > longestLease(state)) return;
  const silent = now < state.silentUntil;
  const unwritten = new Map<GroupName, Ballot>();
  const answers = answerAll(state, from, message, now, (group, _request, ballot) => {
    if (!silent && keepsOwner(state, group.name)) {
      const barrier = acceptBarrier(state, group.name, ballot);
      if (barrier === 'old') return refusal(group.slot, now, leastRound(state, group.name));
      if (barrier === 'write' && !isTooOld(group.slot, ballot)) {
        unwritten.set(group.name, ballot);
        return undefined;
      }
    }
    const verdict = judgePropose(group.slot, ballot, message.lease, now);
    if (verdict.ok) learnHolder(group, from.name, now);
    if (verdict.ok && !silent) noteRenewed(state, group.name);
    return verdict;
  });
  if (silent) return;
  const { nonce, lease } = message;
  if (unwritten.size > 0) writeOwners(state, { to: from.name, nonce, epoch: state.epoch, lease, ballots: unwritten });
  // What has to be written first is answered then.
  if (unwritten.size > 0 && answers.length === 0) return;
  send(state, from, { kind: 'accept', nonce: message.nonce, answers, beat: ownBeat(state) }, now);
}

/** The ballots of a request whose records are on the disk now are accepted, if nothing newer was promised meanwhile. */
export function acceptWritten(state: NodeState, from: Peer, accept: PendingAccept, now: number): void {
  if (accept.epoch !== state.epoch || !bothVote(state, from) || now < state.silentUntil) return;
  const answers: Answer[] = [];
  for (const [name, ballot] of accept.ballots) {
    const group = state.groups.get(name);
    if (group === undefined) continue;
    const verdict = judgePropose(group.slot, ballot, accept.lease, now);
    if (verdict.ok) learnHolder(group, from.name, now);
    answers.push({ group: name, ...verdict });
  }
  send(state, from, { kind: 'accept', nonce: accept.nonce, answers, beat: ownBeat(state) }, now);
}

/**
 * Whether somebody who does not hold the group asks for it as one that may be started at once, and it needs fencing as far as
 * this voter knows: its configuration differs, and it has not heard of that yet, or its version knows no fencing.
 */
function isUnaware(
  state: NodeState,
  group: Group,
  from: Peer,
  owned: readonly GroupName[] | undefined,
  now: number,
): boolean {
  if (owned?.includes(group.name) === true || !needsFencing(state, group.name)) return false;
  if (liveLease(group.slot, now)?.ballot.node === from.name) return false;
  state.counters.unaware = (state.counters.unaware ?? 0) + 1;
  noteUnaware(state, group, from.name);
  return true;
}

/** A node that votes no more, or not yet, gives no votes and gets none. */
function bothVote(state: NodeState, from: Peer): boolean {
  return (state.voterMask & state.selfBit) !== 0 && (state.voterMask & from.bit) !== 0;
}

/** The verdicts on all groups of a request that this voter can answer for; of others it says nothing. */
function answerAll(
  state: NodeState,
  from: Peer,
  message: { readonly incarnation: string; readonly requests: readonly Request[] },
  now: number,
  judge: (group: Group, request: Request, ballot: Ballot) => Verdict | undefined,
): Answer[] {
  const answers: Answer[] = [];
  for (const request of message.requests) {
    const group = askedGroup(state, request.group, now);
    if (group === undefined) continue;
    if (!meansTheSame(state, group, request, now)) {
      state.counters.otherAddresses = (state.counters.otherAddresses ?? 0) + 1;
      continue;
    }
    group.topRound = Math.max(group.topRound, request.round);
    const ballot = { round: request.round, node: from.name, incarnation: message.incarnation };
    const verdict = judge(group, request, ballot);
    if (verdict !== undefined) answers.push({ group: request.group, ...verdict });
  }
  return answers;
}

/** A holder has shut its gate: for this node, for another one, or for whoever comes first. */
export function onRelease(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'release' }>,
  now: number,
): void {
  lookAgain(state);
  for (const { group: name, ballot } of message.releases) {
    const group = state.groups.get(name);
    if (group === undefined || ballot.node !== from.name) continue;
    noteRelease(group.slot, ballot, message.to);
    noteOver(state, name, ballot);
    group.topRound = Math.max(group.topRound, ballot.round);
    if (message.to === undefined) group.knownUntil = now;
    if (message.to !== state.self || group.claim.phase !== 'idle') continue;
    learnHolder(group, from.name, now);
    group.expecting = { from: from.name, until: now + state.lease, ballot };
    group.retryAt = now;
  }
}
