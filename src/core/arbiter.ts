import type { GroupName } from '../model/names.ts';
import { newGroup } from './create.ts';
import { type Group, longestLease, type NodeState } from './state.ts';
import { liveLease } from './voter.ts';

/** Groups of one cluster that an arbiter remembers at once: as many as one request can name. */
export const arbiterGroups = 255;

/**
 * The group that a voter is asked about. A node knows those of its configuration; an arbiter has no haresources and makes
 * a slot for whatever it is asked about, at most `arbiterGroups` of them. Where all are in use it answers nothing, else the
 * one goes that has been idle for longer than a restarted voter stays silent: to forget it is no more than a restart.
 */
export function askedGroup(state: NodeState, name: GroupName, now: number): Group | undefined {
  const known = state.groups.get(name);
  if (known !== undefined || state.role !== 'arbiter') return known;
  if (state.groups.size >= arbiterGroups) {
    const idle = [...state.groups.values()].find((group) => isForgettable(state, group, now));
    if (idle === undefined) return undefined;
    state.groups.delete(idle.name);
  }
  const group = newGroup({ name, preferred: state.cluster.nodes[0] ?? state.self, resources: [] });
  state.groups.set(name, group);
  return group;
}

function isForgettable(state: NodeState, { slot }: Group, now: number): boolean {
  return liveLease(slot, now) === undefined && now >= slot.promisedAt + 2 * longestLease(state);
}
