import { writeDuration } from '../base/duration.ts';
import { own } from '../base/own.ts';
import { agentOf } from '../model/agent.ts';
import { knownAgents } from '../model/known-agents.ts';
import { agentsOf, type ResourceGroup } from '../model/resource-group.ts';
import type { ResourceRules, ResourceSettings } from '../model/resource-settings.ts';
import { yamlText } from './yaml-text.ts';

/** `resources:` as the template wants it: maps as flow maps, which are JSON. */
export interface ResourceRulesContext {
  readonly defaults: string;
  readonly groups: readonly {
    readonly name: string;
    readonly needs_fencing: boolean;
    readonly agents: readonly { readonly name: string; readonly says: string }[];
  }[];
}

export function resourceRulesContext({ defaults, groups }: ResourceRules): ResourceRulesContext {
  return {
    defaults: JSON.stringify(written(defaults)),
    groups: Object.entries(groups).map(([name, { needsFencing, agents }]) => ({
      name: yamlText(name),
      needs_fencing: needsFencing,
      agents: Object.entries(agents).map(([agent, { settings, parameters }]) => ({
        name: yamlText(agent),
        says: JSON.stringify({ ...written(settings), parameters }),
      })),
    })),
  };
}

function written(settings: Partial<ResourceSettings>): Record<string, unknown> {
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : writeDuration(ms));
  return {
    monitor: settings.monitorInterval === 0 ? 'off' : time(settings.monitorInterval),
    start_timeout: time(settings.startTimeout),
    stop_timeout: time(settings.stopTimeout),
    monitor_timeout: time(settings.monitorTimeout),
    failure_timeout: time(settings.failureTimeout),
    on_fail: settings.onFail,
    migration_threshold: settings.migrationThreshold,
  };
}

/**
 * The OCF agents of heartbeat's collection are a package of their own, and some of them call what others bring; what a script
 * of a node's own needs, only its writer knows.
 */
export function agentPackages(groups: readonly ResourceGroup[]): string[] {
  const packages = groups.flatMap(agentsOf).flatMap((resource) => {
    const agent = agentOf(resource);
    if (!('kind' in agent)) return [];
    if (agent.kind === 'ocf' && agent.provider === 'heartbeat')
      return ['resource-agents', ...(own(knownAgents, agent.type)?.packages ?? [])];
    const known = agent.kind === 'named' ? own(knownAgents, agent.name) : undefined;
    return known === undefined || known.builtIn === true ? [] : ['resource-agents', ...(known.packages ?? [])];
  });
  return [...new Set(packages)].sort();
}
