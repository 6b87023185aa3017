/**
 * Groups go to where the network is: a node that reaches fewer ping nodes than another one hands its groups over to that
 * one, as heartbeat's ipfail did. A planned hand-over, never a takeover: whether anybody may hold a lease is not asked here.
 */
import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';
import { isAlive } from './membership.ts';
import { decide, type NodeState, type Reach, wakeBy } from './state.ts';

const mostMoves = 6;
/** A node that moved nothing for so long is trusted as at first; milliseconds. */
const forgetAfter = 600_000;

export function newReach(): Reach {
  return {
    reached: undefined,
    betterSince: new Map(),
    evenSince: new Map(),
    moves: 0,
    movedAt: Number.NEGATIVE_INFINITY,
  };
}

/** Silence after which a ping node counts as gone; milliseconds. */
export function deadpingOf({ deadping, timings }: Cluster): number {
  return deadping ?? Math.max(1000, timings.deadtime);
}

/** What this node reaches has changed, or is known for the first time. */
export function noteReach(state: NodeState, reached: number, of: number): void {
  const { reach } = state;
  if (reach.reached === reached) return;
  const before = reach.reached;
  reach.reached = reached;
  state.beat = undefined;
  state.beatNow = true;
  if (before !== undefined || reached < of)
    decide(state, { what: 'reach', why: `this node reaches ${reached} of ${of} ping nodes and groups` });
}

/** What a node reaches, as it says itself; -1 where it says nothing. */
export function reachOf(state: NodeState, name: NodeName): number {
  return (name === state.self ? state.reach.reached : state.peers.get(name)?.beat?.reach) ?? -1;
}

/** Whether a group may go back to `name`: this node pings nothing, or the other has reached as much for long enough. */
export function mayFailBack(state: NodeState, name: NodeName, now: number): boolean {
  if (state.reach.reached === undefined) return true;
  const since = state.reach.evenSince.get(name);
  if (since === undefined) return false;
  const due = since + patience(state, now);
  if (now < due) wakeBy(state, due);
  return now >= due;
}

function keepSince(since: Map<NodeName, number>, name: NodeName, holds: boolean, now: number): void {
  if (!holds) since.delete(name);
  else if (!since.has(name)) since.set(name, now);
}

/** Keeps the times since which others reach more; to be called in every step. */
export function watchReach(state: NodeState, now: number): void {
  const { reach } = state;
  if (reach.reached === undefined) return;
  for (const peer of state.peers.values()) {
    const { name } = peer;
    const theirs = isAlive(peer) ? reachOf(state, name) : -1;
    keepSince(reach.betterSince, name, theirs > reach.reached, now);
    keepSince(reach.evenSince, name, theirs >= reach.reached, now);
  }
}

/**
 * How long another node has to reach more before anything moves. At least deadping, as two nodes do not miss the same ping
 * node in the same moment; and twice as long after each move, so that links which come and go do not toss groups about.
 */
function patience(state: NodeState, now: number): number {
  const { moves, movedAt } = state.reach;
  return deadpingOf(state.cluster) * 2 ** (now - movedAt >= forgetAfter ? 0 : moves);
}

/** Of these nodes, best first, the one to hand over to now as it reaches more than this one; undefined: none yet. */
export function betterConnected(state: NodeState, able: readonly NodeName[], now: number): NodeName | undefined {
  let best: NodeName | undefined;
  for (const name of able) {
    const since = state.reach.betterSince.get(name);
    if (since === undefined) continue;
    const due = since + patience(state, now);
    if (now < due) wakeBy(state, due);
    else if (best === undefined || reachOf(state, name) > reachOf(state, best)) best = name;
  }
  return best;
}

/** The reason of a hand-over where it is this one. */
export function whyBetter(state: NodeState, to: NodeName): string | undefined {
  if (!state.reach.betterSince.has(to)) return undefined;
  return `${to} reaches ${reachOf(state, to)} of the ping nodes, and this node ${state.reach.reached}`;
}

/** Groups were handed over for this reason. */
export function noteMoved(state: NodeState, now: number): void {
  const { reach } = state;
  reach.moves = now - reach.movedAt >= forgetAfter ? 1 : Math.min(mostMoves, reach.moves + 1);
  reach.movedAt = now;
}
