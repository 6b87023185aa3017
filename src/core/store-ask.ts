/** What is asked of a lease store: looks at what others hold, renewals and takeovers, releases. */
import { nextNonce } from './nonce.ts';
import type { Group, NodeState, Round, RoundEntry } from './state.ts';
import { wakeBy } from './state.ts';
import { freeAt, type StoreRecord, type StoreWatch, storeAnswers } from './store-record.ts';

/** After what part of a lease an answer that did not come is given up. */
const patience = 1 / 3;

/** When this node may try to take the group, as far as the store is concerned; voters' clusters are not concerned. */
export function storeFreeAt(state: NodeState, group: Group): number {
  if (state.store === undefined) return Number.NEGATIVE_INFINITY;
  const seen = state.store.seen.get(group.name);
  if (seen === undefined) return Number.POSITIVE_INFINITY;
  const { self, lease, options, driftBound } = state;
  return freeAt(seen, { self, lease, incarnation: options.incarnation, driftBound });
}

/** The second half of arm, ask, grant: the kernel holds the round's token, now the store may be asked. */
export function askStore(state: NodeState, store: StoreWatch, round: Round, asked: readonly RoundEntry[]): void {
  const { nonce, armedAt } = round;
  const { incarnation } = state.options;
  const record: StoreRecord = { holder: state.self, to: undefined, incarnation, nonce, lease: state.lease };
  const writes = asked.map(({ group: { name } }) => ({
    group: name,
    expected: store.seen.get(name)?.version ?? '',
    record,
  }));
  state.effects.push({ type: 'storeWrite', nonce, writes, deadline: armedAt + state.gateLifetime });
}

/** When the next renewal is due: an interval after the last, but not while an answer to one may still come. */
export function renewalDue(state: NodeState): number {
  if (state.store === undefined) return state.renewedAt + state.cluster.timings.keepalive;
  let due = state.renewedAt + state.store.renewEvery;
  for (const { entries, armedAt, asked } of state.rounds)
    if (asked && entries.some((entry) => !entry.done)) due = Math.max(due, armedAt + state.lease * patience);
  return due;
}

/** Looks at the records of what this node does not hold, and repeats releases that were not acknowledged. */
export function watchStore(state: NodeState, now: number): void {
  const { store } = state;
  if (store === undefined) return;
  releaseDue(state, store, now);
  if (storeAnswers(store, state.lease, now)) wakeBy(state, store.answeredAt + state.lease);
  if (store.look !== undefined && now >= store.look.at + state.lease * patience) store.look = undefined;
  if (now >= store.lookAt) {
    store.lookAt = now + store.lookEvery;
    if (store.look === undefined) look(state, store, now);
  }
  wakeBy(state, store.lookAt);
}

/** A peer has said that something changed: the look under way may be older than that. */
export function lookAgain(state: NodeState): void {
  if (state.store === undefined) return;
  state.store.look = undefined;
  state.store.lookAt = Number.NEGATIVE_INFINITY;
}

function look(state: NodeState, store: StoreWatch, now: number): void {
  const groups = [...state.groups.values()].filter(isLookedAt).map(({ name }) => name);
  if (groups.length === 0) return;
  const nonce = nextNonce(state.random);
  store.look = { nonce, at: now };
  state.effects.push({ type: 'storeRead', nonce, groups, deadline: now + state.lease });
}

/** Of what is asked for or held the answers to the writes say more, and in the right order. */
export function isLookedAt({ claim }: Group): boolean {
  return claim.phase !== 'asking' && claim.phase !== 'holding';
}

function releaseDue(state: NodeState, store: StoreWatch, now: number): void {
  for (const [group, releasing] of store.releasing) {
    if (now >= releasing.until) {
      store.releasing.delete(group);
      continue;
    }
    const again = releasing.askedAt + state.lease * patience;
    if (releasing.nonce !== undefined && now < again) {
      wakeBy(state, Math.min(releasing.until, again));
      continue;
    }
    releasing.nonce = nextNonce(state.random);
    releasing.askedAt = now;
    const { nonce, to } = releasing;
    const { incarnation } = state.options;
    const record: StoreRecord = { holder: undefined, to, incarnation, nonce, lease: state.lease };
    const expected = store.seen.get(group)?.version ?? '';
    wakeBy(state, now + state.lease * patience);
    state.effects.push({ type: 'storeWrite', nonce, writes: [{ group, expected, record }], deadline: releasing.until });
  }
}
