/**
 * Two nodes and no third vote: neither has a majority alone. Whoever makes sure that the other one is off counts alone from
 * then on, until the other votes again. That is safe as long as both do not count alone at once: the other one, when it
 * starts again, counts by two, so it can get nothing without this node's vote; and it subtracts this node only once it has
 * made sure that this one is off.
 */
import { isSwitchedOff } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import type { NodeState, Peer } from '../state.ts';

/** Whether two nodes vote, this one is one of them, and there is no other vote. */
export function isOfTwo({ store, voters, cluster, self }: NodeState): boolean {
  return (
    store === undefined &&
    voters.length === 2 &&
    voters.includes(self) &&
    voters.every((name) => cluster.nodes.includes(name))
  );
}

/**
 * The other one of two: without its vote this node cannot go on. Or it could: whoever was off and is heard in a new life may
 * shoot as soon as it hears nothing of this one.
 */
export function otherOfTwo(state: NodeState): Peer | undefined {
  if (!isOfTwo(state)) return undefined;
  return state.peers.get(state.voters.find((name) => name !== state.self)!);
}

/** A voter is off: of two, the other one is a majority. */
export function subtract(state: NodeState, node: NodeName): void {
  const peer = otherOfTwo(state);
  if (peer?.name !== node) return;
  state.fencing.subtracted = peer.bit;
  state.majority = 1;
}

/**
 * Keeps in mind who is off: of two nodes the one that is left would wait for the other for ever if its musterd were restarted
 * meanwhile. It counts alone again by that (`recallFenced`) as long as the other one cannot: whoever fences this node
 * switches it off, and with that the note is gone; and a node that says itself that its life is over takes it back first.
 */
export function keepFenced(state: NodeState): void {
  if (!isOfTwo(state)) return;
  const { ended, fenced } = state.fencing;
  state.effects.push({ type: 'noteFenced', fenced: ended ? [] : [...fenced.values()] });
}

/** At the start: what the last musterd of this boot knew. */
export function recallFenced(state: NodeState): void {
  const { cluster, options, self } = state;
  if (!isOfTwo(state) || !isSwitchedOff(cluster.fencing, self)) return;
  for (const fenced of options.fenced ?? []) {
    if (fenced.node === self) continue;
    state.fencing.fenced.set(fenced.node, fenced);
    subtract(state, fenced.node);
  }
}

/** Whether this node counts alone, and has not heard the other one since. */
export function isAlone(state: NodeState): boolean {
  const peer = state.fencing.subtracted === 0 ? undefined : otherOfTwo(state);
  return peer !== undefined && state.fencing.fenced.has(peer.name);
}

/** It votes again, in a new life: its vote counts, and is needed. */
export function addAgain(state: NodeState, peer: Peer): void {
  if ((state.fencing.subtracted & peer.bit) === 0 || state.fencing.fenced.has(peer.name)) return;
  countAll(state);
}

/** Counts by all voters; also when there are others. */
export function countAll(state: NodeState): void {
  if (state.fencing.subtracted === 0) return;
  state.fencing.subtracted = 0;
  state.majority = Math.floor(state.voters.length / 2) + 1;
}
