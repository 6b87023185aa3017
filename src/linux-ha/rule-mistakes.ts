import type { Mistake } from '../base/problem.ts';
import type { Fencing } from '../model/fencing.ts';
import type { NodeName } from '../model/names.ts';
import type { ResourceGroup } from '../model/resource-group.ts';
import { fencingMistakes } from './fencing-lint.ts';
import { monitorMistakes } from './monitors-yml.ts';
import type { MusterYml } from './muster-yml.ts';
import { placementMistakes } from './placement-lint.ts';
import { resourceRuleMistakes } from './resources-yml.ts';

/** What muster.yml says about groups and nodes that the other files do not have so. */
export function ruleMistakes(
  yml: MusterYml,
  nodes: readonly NodeName[],
  groups: readonly ResourceGroup[],
  fencing: Fencing | undefined,
  file: string,
): Mistake[] {
  const { placement, resources, alerts = [], monitors = [] } = yml;
  const names = groups.map(({ name }) => name);
  const found = [
    ...monitorMistakes(monitors, alerts, names).map((one) => ({ key: 'monitors', one })),
    ...(placement === undefined
      ? []
      : placementMistakes(placement, nodes, names).map((one) => ({ key: 'placement', one }))),
    ...(resources === undefined
      ? []
      : resourceRuleMistakes(resources, groups).map((one) => ({ key: 'resources', one }))),
    ...(fencing === undefined
      ? []
      : fencingMistakes(fencing, nodes, resources).map((one) => ({ key: 'fencing', one }))),
  ];
  return found.map(({ key, one: { path, message, hint } }) => ({
    at: { file, ...yml.at(key, ...path) },
    message,
    hint,
  }));
}
