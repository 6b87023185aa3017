/** What `order` between groups means once they start and stop: the placement itself only heeds the strict ones. */
import type { GroupName } from '../../model/names.ts';
import type { Placement } from '../../model/placement.ts';

/** How far another group is, wherever it runs. */
export type Progress = 'running' | 'starting' | 'down';

/**
 * The group that this one has to wait for before it starts; undefined: it need not wait. It waits for whatever is about to
 * run, and for what is down only by a strict rule: nobody goes without service for a mere order.
 */
export function startsAfter(
  { rules }: Placement,
  group: GroupName,
  progress: (group: GroupName) => Progress,
): GroupName | undefined {
  for (const { kind, groups, strict } of rules) {
    const place = kind === 'order' ? groups.indexOf(group) : -1;
    const before = groups.slice(0, Math.max(0, place)).find((other) => {
      const seen = progress(other);
      return seen === 'starting' || (strict && seen === 'down');
    });
    if (before !== undefined) return before;
  }
  return undefined;
}

/** The group that has to stop first, as it started later; undefined: none does, or `progress` knows them all to be down. */
export function stopsAfter(
  { rules }: Placement,
  group: GroupName,
  progress: (group: GroupName) => Progress,
): GroupName | undefined {
  for (const { kind, groups } of rules) {
    const place = kind === 'order' ? groups.indexOf(group) : -1;
    const after = place < 0 ? undefined : groups.slice(place + 1).find((other) => progress(other) !== 'down');
    if (after !== undefined) return after;
  }
  return undefined;
}
