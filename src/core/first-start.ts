/**
 * Whose turn it is when nobody is known to have held a group, as after all machines were switched on. Nothing is lost yet that a
 * lease would tell of, and machines start seconds apart: so the better placed get time to come up, and those that are there
 * get time to look whether something of the group runs on them, which takes as long as its agents take.
 */
import { candidates } from './placement.ts';
import { adoptWithin, mayRunOn } from './resource-wishes.ts';
import type { Group, NodeState } from './state.ts';

/** What a node waits for each one that is placed before it. */
const rankDelay = 600;

/**
 * When a node that is not the first, or does not know of all others yet, may ask for the group; monotonic milliseconds. Later
 * where one before it has just come, or may still run something; but whoever never comes to an end with that is not waited
 * for for ever.
 */
export function firstTurnAt(state: NodeState, group: Group, place: number, now: number): number {
  const { timings, nodes } = state.cluster;
  const own = Math.max(state.startedAt + timings.initdead, state.silentUntil);
  if (!Number.isFinite(place)) return place;
  const before = candidates(state, group).slice(0, place);
  if (before.some((name) => mayRunOn(state, group, name))) group.notReadyAt = now;
  const came = before.map((name) => state.peers.get(name)?.upSince ?? Number.NEGATIVE_INFINITY);
  const longest = own + adoptWithin + 1000 * nodes.length;
  return Math.min(longest, Math.max(own, group.notReadyAt, ...came)) + rankDelay * place;
}
