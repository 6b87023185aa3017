import type { GroupName } from '../model/names.ts';
import { decide, type Group, type NodeState, wakeBy } from './state.ts';

/**
 * Milliseconds after a takeover, or after a heal, at which the network is told again: the first may be lost, a switch may
 * not forward yet, a client may have been cut off.
 */
export const announcementOffsets: readonly number[] = [0, 50, 200, 1000, 5000, 15_000];

/** An announcement that could not go out within this is not worth sending, and after a freeze it would lie. */
const announcementDeadline = 40;

/** Begins the series for one group; the first goes out in this step. */
export function announceFrom(group: Group, now: number): void {
  group.announcing = { since: now, next: 0 };
}

/** Something healed: clients may hold stale entries for whatever this node holds. */
export function announceAgain(state: NodeState, now: number, why: string): void {
  for (const group of state.groups.values()) {
    if (group.claim.phase !== 'holding' || !group.claim.gateOpen) continue;
    announceFrom(group, now);
    decide(state, { what: 'announce', group: group.name, why });
  }
}

/** Sends what is due, all groups in one effect. */
export function announceDue(state: NodeState, now: number): void {
  const due: GroupName[] = [];
  for (const group of state.groups.values()) {
    const series = group.announcing;
    if (series === undefined) continue;
    if (group.claim.phase !== 'holding') {
      group.announcing = undefined;
      continue;
    }
    // While the gate is shut its egress side would drop them; the grant comes with a step of its own.
    if (!group.claim.gateOpen) continue;
    const before = series.next;
    while (series.next < announcementOffsets.length && now >= series.since + announcementOffsets[series.next]!)
      series.next++;
    if (series.next > before) due.push(group.name);
    if (series.next === announcementOffsets.length) group.announcing = undefined;
    else wakeBy(state, series.since + announcementOffsets[series.next]!);
  }
  if (due.length > 0) state.effects.push({ type: 'announce', groups: due, deadline: now + announcementDeadline });
}
