import type { Placement } from '../model/placement.ts';
import { writeFailback } from './failback.ts';
import { yamlText } from './yaml-text.ts';

/** `placement:` as the template wants it: values written for YAML, maps as flow maps, which are JSON. */
export interface PlacementContext {
  readonly stickiness: number;
  readonly failback: string | null;
  readonly capacity: string;
  readonly groups: readonly { readonly name: string; readonly says: string }[];
  readonly rules: readonly string[];
}

export function placementContext({ stickiness, failback, capacity, groups, rules }: Placement): PlacementContext {
  return {
    stickiness,
    failback: failback === undefined ? null : JSON.stringify(writeFailback(failback)),
    capacity: JSON.stringify(capacity),
    groups: Object.entries(groups).map(([name, group]) => ({
      name: yamlText(name),
      says: JSON.stringify({
        ...group,
        failback: group.failback === undefined ? undefined : writeFailback(group.failback),
      }),
    })),
    rules: rules.map(({ kind, groups: names, strict }) => JSON.stringify({ [kind]: names, strict })),
  };
}
