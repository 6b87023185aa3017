import { createHash } from 'node:crypto';
import { own } from '../../base/own.ts';
import type { GroupSetup } from '../../core/resources/state.ts';
import { type Agent, agentOf } from '../../model/agent.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import { resourceNames } from '../../model/resource-names.ts';
import { defaultResourceSettings, type ResourceSettings } from '../../model/resource-settings.ts';

/** A resource that an agent runs, with all that there is to know before the machine is asked. */
export interface RunnableResource {
  /** Within its group: `Filesystem`, and `Filesystem-2` where there is a second one. */
  readonly name: string;
  /** In the whole cluster, and fit for a file's name: agents keep their state by it. */
  readonly instance: string;
  readonly agent: Agent;
  /** For an OCF agent, beside those that its arguments say. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: ResourceSettings;
}

/** Equal where it is one and the same thing that would be started and stopped: its times do not matter. May hold passwords. */
export function likeness({ agent, parameters }: RunnableResource): string {
  return JSON.stringify([agent, parameters]);
}

/** The resources of every group that agents run, in their order: no addresses, which the gate has, and no ldirectord, which musterd is. */
export function runnableResources({ groups, resources }: Cluster): Map<GroupName, RunnableResource[]> {
  return new Map(
    groups.map((group) => {
      const names = resourceNames(group.resources);
      const rules = resources === undefined ? undefined : own(resources.groups, group.name);
      const list = group.resources.flatMap((resource, index): RunnableResource[] => {
        if (resource.kind !== 'agent' || resource.agent === 'ldirectord') return [];
        const agent = agentOf(resource);
        if (!('kind' in agent)) return [];
        const name = names[index]!;
        const said = rules === undefined ? undefined : own(rules.agents, name);
        const settings = { ...defaultResourceSettings, ...defined(resources?.defaults), ...defined(said?.settings) };
        return [{ name, instance: instanceOf(group.name, name), agent, parameters: said?.parameters ?? {}, settings }];
      });
      return [group.name, list];
    }),
  );
}

/** The same for the core of the node `self`; without one, of a node on which every group may be. */
export function groupSetups(
  cluster: Cluster,
  runnable: ReadonlyMap<GroupName, readonly RunnableResource[]>,
  self?: NodeName,
): GroupSetup[] {
  return cluster.groups.map(({ name }) => ({
    name,
    needsFencing: own(cluster.resources?.groups ?? {}, name)?.needsFencing ?? false,
    neverHere: self !== undefined && own(cluster.placement?.groups ?? {}, name)?.never.includes(self) === true,
    resources: (runnable.get(name) ?? []).map((resource) => ({ name: resource.name, settings: resource.settings })),
  }));
}

function defined<T extends object>(given: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** As it is where it can be a file's name, else with what was lost told apart by a hash. */
function instanceOf(group: GroupName, name: string): string {
  const plain = `${group}.${name}`;
  const fit = plain.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 100);
  return fit === plain ? plain : `${fit}-${createHash('sha256').update(plain).digest('hex').slice(0, 8)}`;
}
