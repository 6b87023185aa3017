/** What of a placement cannot be, seen beside the rest of the cluster. */
import { nearest } from '../base/nearest.ts';
import { own } from '../base/own.ts';
import type { GroupName, NodeName } from '../model/names.ts';
import type { GroupRule, Placement } from '../model/placement.ts';
import type { Path } from './yaml-document.ts';

/** A mistake in a placement, `path` within it. */
export interface PlacementMistake {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What a placement names that is not there, or wants that cannot be. */
export function placementMistakes(
  { groups, capacity, rules }: Placement,
  nodes: readonly NodeName[],
  names: readonly GroupName[],
): PlacementMistake[] {
  const mistakes: PlacementMistake[] = [];
  const known = (path: Path, what: 'group' | 'node', name: string): void => {
    const all = what === 'group' ? names : nodes;
    if (all.includes(name)) return;
    const guess = nearest(name, all);
    mistakes.push({
      path,
      message: `Cannot place groups by "${name}" as it must be a ${what} of the cluster: it is not (known: ${all.join(', ') || 'none'})`,
      hint: guess === undefined ? undefined : `did you mean "${guess}"?`,
    });
  };
  for (const node of Object.keys(capacity)) known(['capacity', node], 'node', node);
  for (const [name, group] of Object.entries(groups)) {
    known(['groups', name], 'group', name);
    for (const node of Object.keys(group.prefer)) known(['groups', name, 'prefer', node], 'node', node);
    for (const [index, node] of group.never.entries()) known(['groups', name, 'never', index], 'node', node);
    const left = nodes.filter((node) => !group.never.includes(node));
    if (left.length === 0) {
      const message = `Cannot place "${name}" as one node at least must be left: it runs on none of ${nodes.join(', ')}`;
      mistakes.push({ path: ['groups', name, 'never'], message });
    }
    for (const [what, amount] of Object.entries(group.uses)) {
      const room = left.map((node) => own(own(capacity, node) ?? {}, what) ?? Number.POSITIVE_INFINITY);
      if (room.length === 0 || Math.max(...room) >= amount) continue;
      const message = `Cannot place "${name}" as one node must have the ${what} that it uses: ${amount} is more than ${Math.max(...room)}`;
      mistakes.push({ path: ['groups', name, 'uses', what], message });
    }
  }
  for (const [index, rule] of rules.entries())
    for (const [place, name] of rule.groups.entries()) known(['rules', index, rule.kind, place], 'group', name);
  return [...mistakes, ...contradictions(rules)];
}

/** Pairs that are to be together and apart, and orders that go in a circle. */
function contradictions(rules: readonly GroupRule[]): PlacementMistake[] {
  const mistakes: PlacementMistake[] = [];
  const together = rules.filter(({ kind }) => kind === 'together');
  const after = new Map<GroupName, Set<GroupName>>();
  for (const [index, { kind, groups }] of rules.entries()) {
    const path = ['rules', index, kind];
    if (kind === 'apart') {
      const pair = groups.flatMap((one, place) => groups.slice(place + 1).map((other) => [one, other] as const));
      const both = pair.find(([one, other]) => tied(one, together).has(other));
      if (both !== undefined)
        mistakes.push({
          path,
          message: `Cannot keep ${both[0]} and ${both[1]} apart as other rules must not tie them together: one does`,
        });
    }
    if (kind !== 'order') continue;
    for (const [place, name] of groups.entries()) {
      const before = groups[place - 1];
      if (before === undefined) continue;
      if (reaches(before, name, after))
        mistakes.push({
          path,
          message: `Cannot start ${name} after ${before} as orders must not go in a circle: ${before} starts after ${name}`,
        });
      else after.set(name, (after.get(name) ?? new Set()).add(before));
    }
  }
  return mistakes;
}

/** Everybody whom `together` ties to a group, through others too. */
function tied(group: GroupName, together: readonly GroupRule[]): Set<GroupName> {
  const all = new Set([group]);
  for (const name of all)
    for (const { groups } of together) if (groups.includes(name)) for (const one of groups) all.add(one);
  return all;
}

/** Whether `from` starts after `to`, directly or through others. */
function reaches(from: GroupName, to: GroupName, after: ReadonlyMap<GroupName, ReadonlySet<GroupName>>): boolean {
  const all = new Set([from]);
  for (const name of all) for (const before of after.get(name) ?? []) all.add(before);
  return all.has(to);
}
