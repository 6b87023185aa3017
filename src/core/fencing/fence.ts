/**
 * Who is fenced, by whom, and when. A node is fenced where a group waits for it and it is not heard any more, where it asks
 * for it itself, or where an operator does; of two nodes without a third vote also because nobody can go on without it
 * (`two-nodes.ts`). Nobody is fenced that this node has not heard since its own start: else every start of a cluster that is
 * cut in two would be a war. The first in line for the group that has a way to do it does it, and where nothing came of that,
 * the next one, too (`turns.ts`). Who waits says so in its beats: whoever may not have the group does not ask for it, and may
 * be the only one that has a way. Each try comes after a wait, and after a failure there is a pause; a fencing that is not
 * confirmed counts for nothing.
 */
import { foldHosts } from '../../base/host-range.ts';
import { canFenceFrom } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import type { Reason } from '../effect.ts';
import type { Event } from '../event.ts';
import { giveUpAsking } from '../lease.ts';
import { inMaintenance } from '../maintenance.ts';
import { isAlive } from '../membership.ts';
import type { Fenced } from '../message.ts';
import { candidates, isCandidate } from '../placement.ts';
import { decide, isAway, type NodeState, type Peer, wakeBy } from '../state.ts';
import { mayBeFenced, waitBefore } from './delay.ts';
import type { FenceWish } from './fencing-state.ts';
import { noteOwnerFenced } from './owners.ts';
import { lineBehind, turnOf, turnTime } from './turns.ts';
import { keepFenced, otherOfTwo, subtract } from './two-nodes.ts';
import { forgetWaiting, tryAgain } from './waiting.ts';

/** Between two tries, in milliseconds. */
const pause = 5000;

/** How long those that come later in line leave what waited to those before them, once it need not wait any more; milliseconds. */
const turn = 10;

/** Asks for every fencing whose time has come, and gives up the wish for those that are not needed any more. */
export function driveFencing(state: NodeState, now: number): void {
  const { fencing } = state;
  if (fencing.waiting.size > 0) forgetWaiting(state, now);
  tellWaiting(state);
  if (!isConcerned(state)) return;
  const wanted = wantedNow(state);
  for (const wish of fencing.wishes.values())
    if (!wanted.has(wish.node) && wish.asked === undefined && wish.operators.length === 0)
      fencing.wishes.delete(wish.node);
  for (const [node, { why, turn }] of wanted) {
    const wish = fencing.wishes.get(node) ?? newWish(node, why, now, waitBefore(state, node));
    fencing.wishes.set(node, wish);
    if (wish.tries === 0 && wish.operators.length === 0)
      wish.at = wish.since + wish.wait + turn * turnTime(state, node);
  }
  for (const wish of fencing.wishes.values()) {
    if (wish.asked !== undefined) continue;
    if (now < wish.at) wakeBy(state, wish.at);
    else ask(state, wish);
  }
}

/** Steps are many, and fencings few. */
function isConcerned(state: NodeState): boolean {
  const { waiting, wishes } = state.fencing;
  if (state.role !== 'node') return false;
  if (waiting.size > 0 || wishes.size > 0 || state.voters.length === 2) return true;
  for (const { beat } of state.peers.values())
    if (beat?.fenceMe !== undefined || beat?.waitsFor !== undefined) return true;
  return false;
}

/** What others may do for this node, if its groups wait for somebody. */
function tellWaiting(state: NodeState): void {
  const { fencing, peers } = state;
  if (fencing.waiting.size === 0 && fencing.waitsFor.length === 0) return;
  const gone = [...fencing.waiting.values()].flatMap(({ nodes }) => nodes.filter((name) => isGone(peers.get(name))));
  const waitsFor = [...new Set(gone)].sort();
  if (waitsFor.join() === fencing.waitsFor.join()) return;
  fencing.waitsFor = waitsFor;
  state.beat = undefined;
  state.beatNow = true;
}

function newWish(node: NodeName, why: string, now: number, wait: number): FenceWish {
  return { node, why, since: now, wait, at: now + wait, asked: undefined, tries: 0, failure: undefined, operators: [] };
}

interface Wanted {
  readonly why: string;
  /** How many others have their turn first. */
  readonly turn: number;
}

/** Whom this node should fence, and why, in the order of the nodes that could do it instead. */
function wantedNow(state: NodeState): Map<NodeName, Wanted> {
  const wanted = new Map<NodeName, Wanted>();
  const want = (node: NodeName, why: string, order: readonly NodeName[]): void => {
    // A node whose musterd is restarted or upgraded is not to be shot for that; an operator may, by name.
    if (inMaintenance(state, node) || !mayBeFenced(state, node) || state.fencing.fenced.has(node)) return;
    const turn = turnOf(state, node, order);
    if (turn !== undefined && turn < (wanted.get(node)?.turn ?? Number.POSITIVE_INFINITY))
      wanted.set(node, { why, turn });
  };
  for (const [name, { nodes }] of state.fencing.waiting) {
    const group = state.groups.get(name);
    if (group === undefined) continue;
    const order = lineBehind(state, candidates(state, group));
    for (const node of nodes) if (isGone(state.peers.get(node))) want(node, `${name} waits for it`, order);
  }
  for (const peer of state.peers.values()) {
    const why = peer.beat?.fenceMe;
    if (why !== undefined && isAlive(peer)) want(peer.name, why, lineBehind(state, able(state)));
  }
  for (const peer of state.peers.values()) {
    if (!isAlive(peer)) continue;
    for (const node of peer.beat?.waitsFor ?? [])
      if (isGone(state.peers.get(node)))
        want(node, `${peer.name} waits for it`, lineBehind(state, waitingFor(state, node)));
  }
  const peer = otherOfTwo(state);
  if (peer !== undefined && isGone(peer) && !isAway(state))
    want(peer.name, 'it is not heard, and without its vote nothing can be held', [state.self]);
  return wanted;
}

/** Heard since the start of this node, and not any more. */
function isGone(peer: Peer | undefined): boolean {
  return peer?.state === 'dead';
}

/** Those that say that they wait for a node, in the order of ha.cf: they come before whoever only helps them. */
function waitingFor({ cluster, peers, fencing, self }: NodeState, node: NodeName): NodeName[] {
  const waits = (name: NodeName): boolean => {
    if (name === self) return fencing.waitsFor.includes(node);
    const peer = peers.get(name);
    return peer !== undefined && isAlive(peer) && peer.beat?.waitsFor?.includes(node) === true;
  };
  return cluster.nodes.filter(waits);
}

/** Those that are well, in the order of ha.cf. */
function able(state: NodeState): NodeName[] {
  return state.cluster.nodes.filter((name) => isCandidate(state, name));
}

function ask(state: NodeState, wish: FenceWish): void {
  const { fencing } = state;
  const id = ++fencing.lastId;
  wish.asked = { id, incarnation: newestLife(state, wish.node) };
  wish.tries++;
  const again = wish.tries === 1 ? '' : ` (try ${wish.tries})`;
  decide(state, { what: 'fence', node: wish.node, why: `${wish.why}${again}` });
  state.effects.push({ type: 'fence', id, node: wish.node, why: wish.why });
}

/** What came of it. */
export function onFenced(state: NodeState, event: Extract<Event, { type: 'fenced' }>, now: number): void {
  const { fencing } = state;
  const wish = fencing.wishes.get(event.node);
  if (wish?.asked?.id !== event.id) return;
  const { incarnation } = wish.asked;
  wish.asked = undefined;
  if (event.ok) {
    fencing.wishes.delete(wish.node);
    confirm(state, { node: wish.node, incarnation }, { why: event.why }, now);
  } else {
    wish.failure = event.why;
    wish.at = now + pause;
    decide(state, { what: 'fence-failed', node: wish.node, why: event.why });
  }
  for (const id of wish.operators.splice(0)) {
    const text = event.ok ? `${wish.node} is fenced: ${event.why}` : `${wish.node} is not fenced: ${event.why}`;
    state.effects.push({ type: 'reply', id, ok: event.ok, text });
  }
}

/** It is certain that a node, in that life and all before it, does nothing any more; all that waited for that goes on. */
function confirm(
  state: NodeState,
  fenced: Fenced,
  reason: Reason,
  now: number,
  what: 'fenced' | 'left' = 'fenced',
): void {
  const { fencing } = state;
  noteOwnerFenced(state, fenced);
  decide(state, { what, node: fenced.node, ...reason });
  const life = fencing.lives.get(fenced.node);
  if (life === undefined || life <= fenced.incarnation) learn(state, fenced);
  tryAgain(state, (group) => turn * Math.max(0, candidates(state, group).indexOf(state.self)), now);
}

function learn(state: NodeState, fenced: Fenced): void {
  state.fencing.fenced.set(fenced.node, fenced);
  subtract(state, fenced.node);
  keepFenced(state);
  state.beat = undefined;
  state.beatNow = true;
}

/** A peer knows of nodes that are fenced, or (`farewell.ts`) says that its own life is over. */
export function onPeersFenced(state: NodeState, from: Peer, fenced: readonly Fenced[], now: number): void {
  for (const one of fenced) {
    if (one.node === state.self) {
      if (one.incarnation >= state.options.incarnation) endThisLife(state, from.name, now);
      continue;
    }
    const known = state.fencing.fenced.get(one.node);
    if (known !== undefined && known.incarnation >= one.incarnation) continue;
    const life = state.fencing.lives.get(one.node);
    if (life !== undefined && life > one.incarnation) noteOwnerFenced(state, one);
    else if (one.node === from.name)
      confirm(state, one, { why: 'it says that it ends, and runs nothing' }, now, 'left');
    else confirm(state, one, { how: 'learned', why: `${from.name} has made sure that it is off` }, now);
  }
}

/**
 * The others go on as if this node were off: an operator was wrong, or a device lied. Whatever it has may be somebody else's
 * by now, and it gets nothing any more in this life.
 */
function endThisLife(state: NodeState, by: NodeName, now: number): void {
  if (state.fencing.ended) return;
  state.fencing.ended = true;
  state.fencing.endedBy = by;
  keepFenced(state);
  decide(state, {
    what: 'fenced',
    node: state.self,
    why: `${by} says that this node was fenced: it gives up everything until its musterd starts again`,
  });
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase === 'holding') claim.leaseEnd = Math.min(claim.leaseEnd, now);
    else if (claim.phase === 'preparing') group.claim = { phase: 'idle' };
    else if (claim.phase === 'asking') giveUpAsking(state, group, now);
  }
  state.beat = undefined;
  state.beatNow = true;
}

/** A message of a peer's life: a newer one ends what is known of its fencing. */
export function noteLife(state: NodeState, from: NodeName, incarnation: string | undefined): void {
  const { lives, fenced } = state.fencing;
  if (incarnation === undefined || lives.get(from) === incarnation) return;
  lives.set(from, incarnation);
  const known = fenced.get(from);
  if (known === undefined || incarnation <= known.incarnation) return;
  fenced.delete(from);
  keepFenced(state);
  state.beat = undefined;
  state.beatNow = true;
}

/** Whether what this life of a peer says counts no more: it was made sure that it is over. */
export function isFencedLife({ fencing }: NodeState, from: NodeName, incarnation: string | undefined): boolean {
  const known = fencing.fenced.get(from);
  return known !== undefined && incarnation !== undefined && incarnation <= known.incarnation;
}

/** An operator's wish, answered at once or when it is done. */
export function onFenceCommand(state: NodeState, id: number, node: NodeName, confirmed: boolean, now: number): void {
  const { fencing } = state;
  const refusal = whyNot(state, node, confirmed, now);
  if (refusal !== undefined) {
    state.effects.push({ type: 'reply', id, ok: false, text: refusal });
    return;
  }
  if (confirmed) {
    const why = 'an operator has made sure that it is off';
    confirm(state, { node, incarnation: newestLife(state, node) }, { why }, now);
    fencing.wishes.delete(node);
    state.effects.push({ type: 'reply', id, ok: true, text: `${node} counts as fenced` });
    return;
  }
  const wish = fencing.wishes.get(node) ?? newWish(node, 'an operator asked for it', now, 0);
  fencing.wishes.set(node, wish);
  wish.operators.push(id);
  wish.at = Math.min(wish.at, now);
}

function whyNot(state: NodeState, node: NodeName, confirmed: boolean, now: number): string | undefined {
  const { cluster, self } = state;
  const peer = state.peers.get(node);
  if (node === self) return `${self} does not fence itself: ask another node`;
  if (!cluster.nodes.includes(node) || peer === undefined) return `the configuration of ${self} has no node "${node}"`;
  if (confirmed)
    return isAlive(peer) ? `${node} is heard: it was alive ${Math.round(now - peer.lastHeard)} ms ago` : undefined;
  if (!mayBeFenced(state, node)) return `no device is configured that could fence ${node}`;
  if (canFenceFrom(cluster.fencing, self, node)) return undefined;
  const others = cluster.nodes.filter((name) => canFenceFrom(cluster.fencing, name, node));
  return `${self} has no way to fence ${node}: ${others.length === 0 ? 'nobody has' : `${foldHosts(others)} has`}`;
}

/** The newest life of a node that this one has heard, or has on record as an owner. */
function newestLife({ fencing }: NodeState, node: NodeName): string {
  let newest = fencing.lives.get(node) ?? '';
  for (const { ballot } of fencing.records.values())
    if (ballot.node === node && ballot.incarnation > newest) newest = ballot.incarnation;
  return newest;
}
