import type { NodeName } from '../../model/names.ts';
import { nextBelow } from '../nonce.ts';
import type { NodeState } from '../state.ts';
import { isOfTwo } from './two-nodes.ts';

/** Where nobody says how long to wait, the later of two nodes in ha.cf lets the other one shoot first; milliseconds. */
const laterWaits = 2000;
const atRandom = 250;

/** Whether anything is configured that could fence a node. */
export function mayBeFenced({ cluster }: NodeState, _node: NodeName): boolean {
  return (cluster.fencing ?? []).length > 0;
}

/** How long to wait before a node is fenced, in milliseconds: of two that shoot at each other the one that waits longer loses. */
export function waitBefore(state: NodeState, _node: NodeName): number {
  if (!isOfTwo(state)) return 0;
  return state.cluster.nodes.indexOf(state.self) * laterWaits + nextBelow(state.random, atRandom);
}
