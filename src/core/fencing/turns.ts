/**
 * Who of several nodes fences another one. Those with a way to do it take turns: the next one begins when the one before has
 * had time to try all that it has. So the first one that can does it alone, and nobody who only thinks that he can, or whose
 * own way is broken, keeps all others waiting. To fence is to serve, not to have: also a node that may not take what waits for
 * it, as it is standby, or gave it up, or must never have it, stands in line, behind all that may.
 */
import { canFenceFrom, longestFencingOf } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import { isAlive } from '../membership.ts';
import type { NodeState } from '../state.ts';
import { isVoter } from '../voters.ts';

/** Between the end of one turn and the next, in milliseconds. */
const spare = 10_000;

/** These, and behind them, in the order of ha.cf, whoever else votes, hears a majority and is not about to end. */
export function lineBehind(state: NodeState, first: readonly NodeName[]): NodeName[] {
  return [...first, ...state.cluster.nodes.filter((name) => !first.includes(name) && isWell(state, name))];
}

function isWell(state: NodeState, name: NodeName): boolean {
  if (!isVoter(state, name)) return false;
  if (name === state.self) return state.quorate && !state.leaving && !state.fencing.ended;
  const peer = state.peers.get(name);
  return peer !== undefined && isAlive(peer) && peer.beat?.quorate === true;
}

/** How many come before this node; undefined where it is not in line. `order`: those that are well, the first one first. */
export function turnOf({ cluster, self }: NodeState, node: NodeName, order: readonly NodeName[]): number | undefined {
  const others = order.filter((name) => name !== node);
  const able = others.filter((name) => canFenceFrom(cluster.fencing, name, node));
  // Where nobody has a way, somebody has to say so.
  const turn = (able.length > 0 ? able : others.slice(0, 1)).indexOf(self);
  return turn < 0 ? undefined : turn;
}

/** How long each of them has, in milliseconds. */
export function turnTime({ cluster }: NodeState, node: NodeName): number {
  return longestFencingOf(cluster.fencing, node) + spare;
}
