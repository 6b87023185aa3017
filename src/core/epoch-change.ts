/**
 * An operator's wish for one voter more or less: a node that is to go hands over what it holds, then ballots are run until
 * the set has it so; the operator hears of it when a majority of the new voters counts by the new set.
 */
import { compareBallots } from './ballot.ts';
import { sendTo } from './beats.ts';
import { adopt, learnVoters, settledAt } from './epoch.ts';
import { onChangePrepare, onChangePropose } from './epoch-register.ts';
import type { AfterWrite, Change, ChangeAttempt, Proposal } from './epoch-state.ts';
import type { OperatorCommand } from './event.ts';
import { isAlive } from './membership.ts';
import type { Message } from './message.ts';
import { nextBelow, nextNonce } from './nonce.ts';
import { type NodeState, wakeBy } from './state.ts';
import { bitsOf, isMajorityOf, isVoter, majorityOf } from './voters.ts';

/** Beside the leases that have to be waited for: how long a change may take, and one of its ballots, in milliseconds. */
const changePatience = 10_000;
const ballotPatience = 1000;

type Wish = Extract<OperatorCommand, { kind: 'reconfigure' }>;

/** Begins a change, or answers at once why it may not be. */
export function beginChange(state: NodeState, id: number, { add, remove }: Wish, now: number): void {
  const until = now + changePatience + 10 * state.lease;
  const change: Change = { id, add, remove, since: now, until, attempt: undefined, retryAt: now, askAt: now };
  const refusal = isDone(state, change) ? undefined : whyNot(state, change);
  if (refusal === undefined && state.epochs.change === undefined) state.epochs.change = change;
  else
    state.effects.push({ type: 'reply', id, ok: false, text: refusal ?? 'another change of the voters is under way' });
}

function whyNot(state: NodeState, { add, remove }: Change): string | undefined {
  const { cluster } = state;
  if (cluster.store !== undefined) return `the leases lie in ${cluster.store.kind}: nodes have no votes to change`;
  if (!state.quorate)
    return `only a majority of ${state.voters.join(', ')} may change the voters, and this node hears none`;
  const wanted = wish(state.voters, { add, remove });
  if (add !== undefined) {
    const known = cluster.nodes.includes(add) || cluster.arbiters.some(({ name }) => name === add);
    if (!known) return `the configuration of ${state.self} does not know "${add}"`;
    const peer = state.peers.get(add);
    if (peer !== undefined && !isAlive(peer)) return `${add} is not heard: its musterd has to run before it may vote`;
  }
  if (wanted.length === 0) return `${state.voters.join(', ')} is the last voter`;
  if (!wanted.some((name) => cluster.nodes.includes(name)))
    return `${wanted.join(', ')} would vote alone: no node would be left to hold anything`;
  if (remove !== undefined && wanted.length === 2 && cluster.fencing === undefined)
    return `${wanted.join(' and ')} would be two voters with no third, and nobody could take over: configure an arbiter or fencing`;
  if (!isMajorityOf(state, wanted, heardBits(state)))
    return `fewer than ${majorityOf(wanted.length)} of ${wanted.join(', ')} are heard: they could hold nothing`;
  return undefined;
}

function wish(voters: readonly string[], { add, remove }: Pick<Change, 'add' | 'remove'>): string[] {
  const kept = voters.filter((name) => name !== remove);
  return add === undefined || kept.includes(add) ? kept : [...kept, add];
}

function isDone(state: NodeState, { add, remove }: Change): boolean {
  if (add === undefined && remove === undefined) return state.epoch > 0;
  return (add === undefined || isVoter(state, add)) && (remove === undefined || !isVoter(state, remove));
}

function heardBits(state: NodeState): number {
  let bits = state.selfBit;
  for (const peer of state.peers.values()) if (isAlive(peer)) bits |= peer.bit;
  return bits;
}

/** Goes on with the change under way, if there is one. */
export function driveChange(state: NodeState, now: number): void {
  const { epochs } = state;
  if (epochs.steppingDown) {
    if (now >= epochs.stepDownUntil) endStepDown(state);
    else wakeBy(state, epochs.stepDownUntil);
  }
  const { change } = epochs;
  if (change === undefined) return;
  if (isDone(state, change)) {
    if (isMajorityOf(state, state.voters, followers(state)))
      finish(state, change, true, `${state.voters.join(', ')} vote as of epoch ${state.epoch}`);
    else if (now >= change.until)
      finish(
        state,
        change,
        true,
        `${state.voters.join(', ')} vote as of epoch ${state.epoch}; not all of them have said yet that they know`,
      );
    else wakeBy(state, change.until);
    return;
  }
  if (now >= change.until) {
    finish(
      state,
      change,
      false,
      `no majority agreed in time; what was proposed may still come true. ${state.voters.join(', ')} vote as of epoch ${state.epoch}`,
    );
    return;
  }
  wakeBy(state, change.until);
  if (epochs.adopting !== undefined || !stepsDown(state, change, now)) return;
  const at = Math.max(change.retryAt, settledAt(state));
  if (now >= at) runBallot(state, change, now);
  else wakeBy(state, at);
}

/** Bits of those that count by this epoch, this node included. */
function followers(state: NodeState): number {
  let bits = state.selfBit;
  for (const peer of state.peers.values()) if (peer.epoch === state.epoch) bits |= peer.bit;
  return bits;
}

function finish(state: NodeState, { id }: Change, ok: boolean, text: string): void {
  state.epochs.change = undefined;
  state.effects.push({ type: 'reply', id, ok, text });
}

/** Whether the node that is to be removed holds nothing any more, or cannot be asked. A holder may take a while: it is asked again. */
function stepsDown(state: NodeState, change: Change, now: number): boolean {
  const { remove } = change;
  if (remove === undefined) return true;
  const peer = state.peers.get(remove);
  if (now >= change.askAt) {
    change.askAt = now + state.cluster.timings.keepalive;
    if (remove === state.self) stepDown(state, now);
    else sendTo(state, remove, { kind: 'stepDown' }, now);
  }
  wakeBy(state, change.askAt);
  if (remove === state.self) return [...state.groups.values()].every(({ claim }) => claim.phase === 'idle');
  return peer === undefined || !isAlive(peer) || (peer.beat?.standby === true && peer.beat.holds.length === 0);
}

/** This node is about to be removed. It believes that for a while only: the change may come to nothing. */
export function stepDown(state: NodeState, now: number): void {
  const { epochs } = state;
  epochs.stepDownUntil = now + 2 * state.lease + 5 * state.cluster.timings.keepalive;
  if (epochs.steppingDown) return;
  epochs.steppingDown = true;
  state.beat = undefined;
  state.beatNow = true;
}

function endStepDown(state: NodeState): void {
  state.epochs.steppingDown = false;
  state.beat = undefined;
  state.beatNow = true;
}

function runBallot(state: NodeState, change: Change, now: number): void {
  const { attempt } = change;
  if (attempt === undefined || attempt.epoch !== state.epoch) {
    // Another change may have come between the wish and now.
    const refusal = whyNot(state, change);
    if (refusal === undefined) beginBallot(state, change, now);
    else finish(state, change, false, refusal);
  } else if (now >= attempt.since + ballotPatience + 2 * state.lease) giveUpBallot(state, change, now);
  else if (now >= attempt.resendAt) ask(state, attempt, now);
  else wakeBy(state, attempt.resendAt);
}

function beginBallot(state: NodeState, change: Change, now: number): void {
  const { epochs } = state;
  epochs.topRound++;
  const ballot = { round: epochs.topRound, node: state.self, incarnation: state.options.incarnation };
  change.attempt = {
    epoch: state.epoch,
    nonce: nextNonce(state.random),
    ballot,
    since: now,
    resendAt: now,
    promised: 0,
    accepted: 0,
    found: undefined,
    voters: undefined,
  };
  ask(state, change.attempt, now);
}

/** Two that collide draw a pause, so that they do not collide again. */
function giveUpBallot(state: NodeState, change: Change, now: number): void {
  change.attempt = undefined;
  change.retryAt = now + nextBelow(state.random, ballotPatience / 2);
  wakeBy(state, change.retryAt);
}

/** Asks those that have not answered yet, this node's own voter among them. */
function ask(state: NodeState, attempt: ChangeAttempt, now: number): void {
  const { nonce, ballot, voters } = attempt;
  attempt.resendAt = now + 2 * state.cluster.timings.keepalive;
  wakeBy(state, attempt.resendAt);
  const answered = voters === undefined ? attempt.promised : attempt.accepted;
  const asked = bitsOf(state, voters === undefined ? state.voters : [...state.voters, ...voters]) & ~answered;
  const message: Message =
    voters === undefined
      ? { kind: 'changePrepare', nonce, ballot, base: state.voters }
      : { kind: 'changePropose', nonce, ballot, voters };
  for (const [index, name] of state.names.entries()) {
    if ((asked & (1 << index)) === 0) continue;
    if (name !== state.self) sendTo(state, name, message, now);
    else if (message.kind === 'changePrepare') onChangePrepare(state, name, message, now);
    else if (message.kind === 'changePropose') onChangePropose(state, name, message, now);
  }
}

function attemptOf(state: NodeState, nonce: string): ChangeAttempt | undefined {
  const attempt = state.epochs.change?.attempt;
  return attempt?.nonce === nonce && attempt.epoch === state.epoch ? attempt : undefined;
}

type ChangePromise = Pick<Extract<Message, { kind: 'changePromise' }>, 'nonce' | 'ok' | 'round' | 'accepted'>;
type ChangeAccept = Pick<Extract<Message, { kind: 'changeAccept' }>, 'nonce' | 'ok' | 'round'>;

/** A majority of promises decides what may be proposed: what was found accepted in the newest ballot, or else the wish. */
export function onChangePromise(state: NodeState, bit: number, message: ChangePromise, now: number): void {
  const { change } = state.epochs;
  const attempt = attemptOf(state, message.nonce);
  if (change === undefined || attempt === undefined || attempt.voters !== undefined) return;
  if (!message.ok) {
    refused(state, change, message.round, now);
    return;
  }
  attempt.promised |= bit;
  attempt.found = newerProposal(attempt.found, message.accepted);
  if (!isMajorityOf(state, state.voters, attempt.promised)) return;
  attempt.voters = attempt.found?.voters ?? wish(state.voters, change);
  ask(state, attempt, now);
}

function newerProposal(left: Proposal | undefined, right: Proposal | undefined): Proposal | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareBallots(left.ballot, right.ballot) < 0 ? right : left;
}

/** A majority of the old and of the new voters has it on the disk: it is chosen. */
export function onChangeAccept(state: NodeState, bit: number, message: ChangeAccept, now: number): void {
  const { change } = state.epochs;
  const attempt = attemptOf(state, message.nonce);
  if (change === undefined || attempt?.voters === undefined) return;
  if (!message.ok) {
    refused(state, change, message.round, now);
    return;
  }
  attempt.accepted |= bit;
  const { voters, accepted } = attempt;
  if (isMajorityOf(state, state.voters, accepted) && isMajorityOf(state, voters, accepted))
    learnVoters(state, { epoch: state.epoch + 1, voters });
}

function refused(state: NodeState, change: Change, round: number, now: number): void {
  state.epochs.topRound = Math.max(state.epochs.topRound, round);
  giveUpBallot(state, change, now);
}

/** A record is on the disk: what waited for it is done. Where it is not, nobody hears of it. */
export function onEpochPersisted(state: NodeState, id: number, ok: boolean, now: number): void {
  const { epochs } = state;
  const then = epochs.writes.get(id);
  if (then === undefined) return;
  epochs.writes.delete(id);
  if (!ok) {
    state.counters.epochsUnwritten = (state.counters.epochsUnwritten ?? 0) + 1;
    if (then.kind === 'adopt' && epochs.adopting === then.set) epochs.adopting = undefined;
    return;
  }
  if (then.kind === 'adopt') adopt(state, then.set, now);
  else if (then.epoch === state.epoch) answer(state, then, now);
}

function answer(state: NodeState, then: Exclude<AfterWrite, { kind: 'adopt' }>, now: number): void {
  const { to, nonce } = then;
  const message =
    then.kind === 'promise'
      ? ({ kind: 'changePromise', nonce, ok: true, round: 0, accepted: then.accepted } as const)
      : ({ kind: 'changeAccept', nonce, ok: true, round: 0 } as const);
  if (to !== state.self) sendTo(state, to, message, now);
  else if (message.kind === 'changePromise') onChangePromise(state, state.selfBit, message, now);
  else onChangeAccept(state, state.selfBit, message, now);
}
