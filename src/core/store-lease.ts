/**
 * Leases that lie in a store (etcd, a quorum disk) instead of with the voters. The store does one thing: it replaces a
 * record if its version is still the one that the writer saw (compare-and-swap). It has no clock that anybody relies on.
 *
 * Why no two gates are open. A holder arms its gate for less than `lease`, and only then writes; so its gate is shut
 * `lease` after the write at the latest, whether it hears the answer or not, and whether it lives or not. A challenger may
 * write only when it has seen one version unchanged for that lease by its own clock; it saw it after it was written, so by
 * then the gate of *that* version is shut. Its write succeeds only if that is still the version: then the holder has written
 * no later one, and never will, as its own next write expects a version that is gone. An answer that is late or lost leaves
 * a record that nobody relies on: its writer recognises it by its incarnation and writes over it, all others wait.
 *
 * The form is that of a delta lease (Chockler, Malkhi: Light-weight leases for storage-centric coordination, 2004), with
 * the gate of `lease.ts` in front. Unlike voters, a node that restarts need not be silent: nothing was only in its memory.
 */
import { sendToAll } from './beats.ts';
import type { Event } from './event.ts';
import { acquire, giveUpAsking, grant, learnHolder, voidRounds } from './lease.ts';
import { decide, type Group, holdingsChanged, type NodeState, nextToken, type Round } from './state.ts';
import { isLookedAt, storeFreeAt } from './store-ask.ts';
import type { StoreAnswer, StoreWatch } from './store-record.ts';

/** The store has answered a look, a round or a release, or (`ok` false) could not be asked. */
export function onStoreAnswer(state: NodeState, event: Extract<Event, { type: 'storeAnswer' }>, now: number): void {
  const { store } = state;
  if (store === undefined) return;
  if (event.ok) store.answeredAt = now;
  const round = state.rounds.find(({ nonce }) => nonce === event.nonce);
  if (round !== undefined) onRoundAnswered(state, store, round, event, now);
  else if (store.look?.nonce === event.nonce) {
    store.look = undefined;
    for (const answer of event.answers) {
      const group = state.groups.get(answer.group);
      if (group !== undefined && isLookedAt(group)) noteSeen(state, store, group, answer, now);
    }
  } else onReleaseAnswered(state, store, event, now);
}

/** Remembers a version, and since when; and as one voter would, whose lease this is. */
function noteSeen(state: NodeState, store: StoreWatch, group: Group, answer: StoreAnswer, now: number): void {
  const { version, record } = answer;
  const before = store.seen.get(group.name);
  if (before !== undefined && before.version === version && before.record?.nonce === record?.nonce) return;
  store.seen.set(group.name, { version, record, since: now });
  const { holder } = record ?? {};
  if (record === undefined || holder === undefined) {
    group.slot.accepted = undefined;
    return;
  }
  const ballot = { round: 0, node: holder, incarnation: record.incarnation };
  const until = holder === state.self ? now + record.lease : storeFreeAt(state, group);
  group.slot.accepted = { ballot, until, reservedFor: undefined };
  if (holder !== state.self) learnHolder(group, holder, now);
}

function onRoundAnswered(
  state: NodeState,
  store: StoreWatch,
  round: Round,
  { ok, answers }: Extract<Event, { type: 'storeAnswer' }>,
  now: number,
): void {
  if (!ok) {
    // It may have been written all the same; the next write will tell.
    for (const { group } of round.entries.filter((entry) => !entry.done)) {
      if (group.claim.phase === 'asking') giveUpAsking(state, group, now);
      group.retryAt = Math.max(group.retryAt, now + store.renewEvery);
    }
    for (const entry of round.entries) entry.done = true;
    return;
  }
  const granted: Group[] = [];
  for (const answer of answers) {
    const entry = round.entries.find(({ group }) => group.name === answer.group);
    if (entry === undefined) continue;
    const { group } = entry;
    noteSeen(state, store, group, answer, now);
    if (entry.done) continue;
    entry.done = true;
    if (!answer.ok) onRefused(state, group, answer, now);
    else if (now < round.armedAt + state.gateLifetime && acquire(state, round, entry, now)) granted.push(group);
  }
  grant(state, round, granted);
}

/** Somebody else's version was there. A lost answer to an earlier write of one's own is the innocent reason. */
function onRefused(state: NodeState, group: Group, { record }: StoreAnswer, now: number): void {
  if (group.claim.phase === 'asking') giveUpAsking(state, group, now);
  if (group.claim.phase !== 'holding') return;
  const { holder, incarnation } = record ?? {};
  const own = holder === state.self && incarnation === state.options.incarnation;
  if (record === undefined || holder === undefined || own) {
    state.renewedAt = Number.NEGATIVE_INFINITY;
    return;
  }
  decide(state, { what: 'lost', group: group.name, why: `${state.store?.name} says that ${holder} holds it` });
  state.counters.lost = (state.counters.lost ?? 0) + 1;
  voidRounds(state, group);
  group.claim = { phase: 'idle' };
  state.effects.push({ type: 'close', token: nextToken(state), groups: [group.name] });
  holdingsChanged(state);
}

/** A release stands: whoever it is for is told, so that it need not find it at its next look. */
function onReleaseAnswered(
  state: NodeState,
  store: StoreWatch,
  { ok, nonce, answers }: Extract<Event, { type: 'storeAnswer' }>,
  now: number,
): void {
  for (const [name, releasing] of store.releasing) {
    if (releasing.nonce !== nonce) continue;
    const group = state.groups.get(name);
    const answer = answers.find((candidate) => candidate.group === name);
    if (!ok || group === undefined || answer === undefined) continue;
    if (isLookedAt(group)) noteSeen(state, store, group, answer, now);
    const own = answer.record?.holder === state.self && answer.record.incarnation === state.options.incarnation;
    if (!answer.ok && own) {
      // A renewal that was under way came before it.
      releasing.nonce = undefined;
      continue;
    }
    store.releasing.delete(name);
    if (!answer.ok) continue;
    const { to, ballot } = releasing;
    sendToAll(state, { kind: 'release', to, releases: [{ group: name, ballot }] }, now);
  }
}
