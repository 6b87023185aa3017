import { own } from '../../base/own.ts';
import { canFence } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import { nextBelow } from '../nonce.ts';
import type { NodeState } from '../state.ts';
import { isOfTwo } from './two-nodes.ts';

/** Where nobody says how long to wait, one of two nodes lets the other one shoot first for so long; milliseconds. */
const laterWaits = 2000;

/** Whether anything is configured that could fence a node. */
export function mayBeFenced({ cluster }: NodeState, node: NodeName): boolean {
  return canFence(cluster.fencing, node);
}

/**
 * How long to wait before a node is fenced, in milliseconds: as long again as it took to believe that it is dead, as it may
 * only have been cut off for a moment. Of two that shoot at each other the one that waits longer loses; the random part keeps
 * them apart where both would wait equally long.
 */
export function waitBefore(state: NodeState, node: NodeName): number {
  return state.cluster.timings.deadtime + delayFor(state, node);
}

function delayFor(state: NodeState, node: NodeName): number {
  const { fencing, nodes } = state.cluster;
  if (fencing === undefined) return 0;
  const { delays, randomDelay } = fencing;
  const chance = randomDelay === 0 ? 0 : nextBelow(state.random, randomDelay);
  const said = own(delays, node);
  if (said !== undefined || randomDelay > 0 || Object.keys(delays).length > 0) return (said ?? 0) + chance;
  return isOfTwo(state) && comesLater(state, node, nodes) ? laterWaits : 0;
}

/** Of two, who had fewer groups, or comes later in ha.cf. Renewals needed both votes, so both know who had what. */
function comesLater({ groups, self }: NodeState, other: NodeName, nodes: readonly NodeName[]): boolean {
  let more = 0;
  for (const { holder } of groups.values()) more += holder === self ? 1 : holder === other ? -1 : 0;
  return more === 0 ? nodes.indexOf(self) > nodes.indexOf(other) : more < 0;
}
