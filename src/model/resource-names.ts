import { agentOf } from './agent.ts';
import type { Resource } from './resource-group.ts';

/** What a resource is called where only one of its kind is in the group. */
function plainName(resource: Resource): string {
  if (resource.kind === 'address') return resource.address;
  const agent = agentOf(resource);
  if (!('kind' in agent)) return resource.agent;
  switch (agent.kind) {
    case 'ocf':
      return agent.type;
    case 'systemd':
      return agent.unit;
    case 'lsb':
      return agent.script;
    case 'named':
      return agent.name;
  }
}

/** The names of a group's resources, in their order: `Filesystem`, `apache`, and `Filesystem-2` for a second one. */
export function resourceNames(resources: readonly Resource[]): string[] {
  const seen = new Map<string, number>();
  return resources.map((resource) => {
    const name = plainName(resource);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  });
}
