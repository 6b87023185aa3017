/** `resources:` of muster.yml and of the inventory: how agents are run and looked after. */
import { nearest } from '../base/nearest.ts';
import { own } from '../base/own.ts';
import { agentOf } from '../model/agent.ts';
import { knownAgents } from '../model/known-agents.ts';
import type { ResourceGroup } from '../model/resource-group.ts';
import { resourceNames } from '../model/resource-names.ts';
import {
  type AgentRules,
  type GroupResourceRules,
  onFailPolicies,
  type ResourceRules,
  type ResourceSettings,
} from '../model/resource-settings.ts';
import type { PlacementMistake } from './placement-lint.ts';
import type { Path } from './yaml-document.ts';
import type { YamlReader } from './yaml-reader.ts';

const times = {
  start_timeout: 'startTimeout',
  stop_timeout: 'stopTimeout',
  monitor_timeout: 'monitorTimeout',
  failure_timeout: 'failureTimeout',
} as const;
const settingKeys = ['monitor', ...Object.keys(times), 'on_fail', 'migration_threshold'];
export const highestThreshold = 1000;
/** Milliseconds; a longer one is a slip of the pen. */
export const longestTimeout = 24 * 3_600_000;

/** The whole of `resources:`, which stands at `base`; undefined where it is left out. */
export function readResourceRules(reader: YamlReader, value: unknown, base: Path): ResourceRules | undefined {
  if (value === undefined || value === null) return undefined;
  const top = reader.map(value, base, ['defaults', 'groups']);
  const defaults = reader.map(top.defaults, [...base, 'defaults'], settingKeys);
  const groups = Object.entries(reader.map(top.groups, [...base, 'groups'], undefined)).map(
    ([name, group]) => [name, readGroup(reader, group, [...base, 'groups', name])] as const,
  );
  return {
    defaults: readSettings(reader, defaults, [...base, 'defaults']),
    groups: Object.fromEntries(groups),
  };
}

function readGroup(reader: YamlReader, value: unknown, path: Path): GroupResourceRules {
  const fields = reader.map(value, path, ['needs', 'agents']);
  if (fields.needs !== undefined && fields.needs !== 'fencing')
    reader.wrong([...path, 'needs'], 'fencing', fields.needs);
  const agents = Object.entries(reader.map(fields.agents, [...path, 'agents'], undefined)).map(
    ([name, agent]) => [name, readAgent(reader, agent, [...path, 'agents', name])] as const,
  );
  return { needsFencing: fields.needs === 'fencing', agents: Object.fromEntries(agents) };
}

function readAgent(reader: YamlReader, value: unknown, path: Path): AgentRules {
  const fields = reader.map(value, path, [...settingKeys, 'parameters']);
  const parameters = Object.entries(reader.map(fields.parameters, [...path, 'parameters'], undefined)).flatMap(
    ([name, said]) => {
      const place = [...path, 'parameters', name];
      if (!/^[A-Za-z_][\w-]*$/.test(name))
        return reader.wrong(place, 'a name of letters, digits, "_" and "-"', said) ?? [];
      // A number or a word like true means the same to an agent, which sees only text.
      if (typeof said === 'number' || typeof said === 'boolean') return [[name, String(said)] as const];
      if (typeof said === 'string' && !said.includes('\0')) return [[name, said] as const];
      return reader.wrong(place, 'a text', said) ?? [];
    },
  );
  return { settings: readSettings(reader, fields, path), parameters: Object.fromEntries(parameters) };
}

type Mutable<T> = { -readonly [name in keyof T]: T[name] };

function readSettings(
  reader: YamlReader,
  fields: Readonly<Record<string, unknown>>,
  path: Path,
): Partial<ResourceSettings> {
  const settings: Mutable<Partial<ResourceSettings>> = {};
  for (const [key, name] of Object.entries(times)) {
    const ms = readTime(reader, fields[key], [...path, key]);
    if (ms !== undefined) settings[name] = ms;
  }
  const { monitor, on_fail: onFail } = fields;
  // YAML 1.1 takes the bare word for a boolean.
  const interval = monitor === 'off' || monitor === false ? 0 : readTime(reader, monitor, [...path, 'monitor']);
  if (interval !== undefined) settings.monitorInterval = interval;
  const policy = onFailPolicies.find((known) => known === onFail);
  if (policy !== undefined) settings.onFail = policy;
  else if (onFail !== undefined) reader.wrong([...path, 'on_fail'], `one of ${onFailPolicies.join(', ')}`, onFail);
  const threshold = reader.number(
    fields.migration_threshold,
    [...path, 'migration_threshold'],
    1,
    highestThreshold,
    true,
  );
  if (threshold !== undefined) settings.migrationThreshold = threshold;
  return settings;
}

function readTime(reader: YamlReader, value: unknown, path: Path): number | undefined {
  const ms = reader.duration(value, path);
  return ms === undefined || ms <= longestTimeout ? ms : reader.wrong(path, 'a day at most', value);
}

/** What rules for resources name that is not there. */
export function resourceRuleMistakes(
  { groups: rules }: ResourceRules,
  groups: readonly ResourceGroup[],
): PlacementMistake[] {
  const mistakes: PlacementMistake[] = [];
  for (const [name, { agents }] of Object.entries(rules)) {
    const group = groups.find((one) => one.name === name);
    const all = groups.map((one) => one.name);
    if (group === undefined) {
      mistakes.push({ path: ['groups', name], ...unknown(name, 'a group of the cluster', all) });
      continue;
    }
    const names = resourceNames(group.resources);
    for (const [agent, { parameters }] of Object.entries(agents)) {
      const path = ['groups', name, 'agents', agent];
      const resource = group.resources[names.indexOf(agent)];
      if (resource === undefined || resource.kind === 'address') {
        const run = names.filter((_, index) => group.resources[index]!.kind === 'agent');
        mistakes.push({ path, ...unknown(agent, `an agent of "${name}"`, run) });
        continue;
      }
      const meant = agentOf(resource);
      const named = 'kind' in meant && meant.kind === 'named';
      const isOwn = named && own(knownAgents, meant.name)?.builtIn === true;
      const takesSome = 'kind' in meant && (meant.kind === 'ocf' || named) && !isOwn;
      if (takesSome || Object.keys(parameters).length === 0) continue;
      const message = `Cannot give "${agent}" parameters as it must be an OCF agent: it is ${isOwn ? "musterd's own" : resource.agent}`;
      mistakes.push({ path: [...path, 'parameters'], message });
    }
  }
  return mistakes;
}

function unknown(name: string, what: string, known: readonly string[]): Pick<PlacementMistake, 'message' | 'hint'> {
  const guess = nearest(name, known);
  return {
    message: `Cannot set how "${name}" is run as it must be ${what}: it is not (known: ${known.join(', ') || 'none'})`,
    hint: guess === undefined ? undefined : `did you mean "${guess}"?`,
  };
}
