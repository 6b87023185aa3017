/**
 * A voter's part in choosing the next set of voters: one Paxos register for each epoch (Lamport, *Paxos Made Simple*,
 * 2001, section 2.2), whose promises and acceptances are on the disk before they are answered. A set is chosen when a
 * majority of the voters in force and a majority of the new ones have accepted it in one ballot. A proposer hears a
 * majority of those in force first, so it finds whatever may have been chosen before, and proposes that instead.
 */

import { compareBallots } from './ballot.ts';
import { sendTo } from './beats.ts';
import { settledAt, write } from './epoch.ts';
import type { Message } from './message.ts';
import type { NodeState } from './state.ts';

type ChangePrepare = Pick<Extract<Message, { kind: 'changePrepare' }>, 'nonce' | 'ballot' | 'base'>;
type ChangePropose = Pick<Extract<Message, { kind: 'changePropose' }>, 'nonce' | 'ballot' | 'voters'>;

/** Whether this voter helps to choose the next set yet, and nothing of this ballot is being written already. */
function isReady(state: NodeState, nonce: string, kind: 'promise' | 'accept', now: number): boolean {
  const { epochs, store } = state;
  if (store !== undefined || epochs.adopting !== undefined || now < settledAt(state)) return false;
  for (const then of epochs.writes.values()) if (then.kind === kind && then.nonce === nonce) return false;
  return true;
}

/** First phase: promises nothing older than this ballot, and says what it has accepted. */
export function onChangePrepare(state: NodeState, from: string, message: ChangePrepare, now: number): void {
  const { epochs } = state;
  const { nonce, ballot, base } = message;
  epochs.topRound = Math.max(epochs.topRound, ballot.round);
  // Two configurations may differ in epoch 0: who counts by other voters gets no help.
  if (!isReady(state, nonce, 'promise', now) || !isSameSet(base, state.voters)) return;
  if (epochs.promised !== undefined && compareBallots(ballot, epochs.promised) < 0) {
    const round = epochs.promised.round;
    sendTo(state, from, { kind: 'changePromise', nonce, ok: false, round, accepted: undefined }, now);
    return;
  }
  epochs.promised = ballot;
  const { accepted } = epochs;
  write(state, state, ballot, accepted, { kind: 'promise', to: from, nonce, epoch: state.epoch, accepted });
}

/** Second phase: accepts unless it has promised something newer. */
export function onChangePropose(state: NodeState, from: string, message: ChangePropose, now: number): void {
  const { epochs } = state;
  const { nonce, ballot, voters } = message;
  epochs.topRound = Math.max(epochs.topRound, ballot.round);
  if (!isReady(state, nonce, 'accept', now) || !differByOne(state.voters, voters)) return;
  if (epochs.promised !== undefined && compareBallots(ballot, epochs.promised) < 0) {
    const round = epochs.promised.round;
    sendTo(state, from, { kind: 'changeAccept', nonce, ok: false, round }, now);
    return;
  }
  epochs.promised = ballot;
  epochs.accepted = { ballot, voters };
  write(state, state, ballot, epochs.accepted, { kind: 'accept', to: from, nonce, epoch: state.epoch });
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}

/** Whether one of the sets has everybody of the other, and one more at most; an empty set is none. */
export function differByOne(left: readonly string[], right: readonly string[]): boolean {
  const [small, large] = left.length <= right.length ? [left, right] : [right, left];
  return small.length > 0 && large.length - small.length <= 1 && small.every((name) => large.includes(name));
}
