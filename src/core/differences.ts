/**
 * What two nodes must have in common before one moves a group to the other for no other reason than that it is wanted there:
 * by two different configurations they could hand it to each other for ever. Takeovers, and what operators order, do not wait.
 */

import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';
import { isAlive } from './membership.ts';
import type { NodeState } from './state.ts';

/** The parts of a million in which beats say the drift bound. */
export const million = 1_000_000;

/** FNV-1a (Fowler, Noll, Vo) over all settings that say where groups are wanted, whatever order their keys were written in. */
export function wantsHash({ nodes, groups, autoFailback, placement }: Cluster): number {
  const wants = { nodes, groups: groups.map(({ name, preferred }) => [name, preferred]), autoFailback, placement };
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(wants, sorted))
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  return hash;
}

function sorted(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** The nodes that are heard and want groups elsewhere than this one does. One of a version that does not say it is none. */
export function othersWant({ peers, wants }: NodeState): NodeName[] {
  const found: NodeName[] = [];
  for (const peer of peers.values()) {
    const said = peer.beat?.wants;
    if (said !== undefined && said !== wants && isAlive(peer)) found.push(peer.name);
  }
  return found;
}

/** What a node says of its drift bound, rounded up. */
export function driftSaid({ driftBound }: Cluster): number {
  return Math.ceil(driftBound * million);
}
