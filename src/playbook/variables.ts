import { dirname } from 'node:path';
import type { Host, Inventory, Value } from '../model/inventory.ts';
import type { HostName } from '../model/names.ts';
import { late } from './late.ts';
import type { Play, Task } from './playbook.ts';

export type Scope = Readonly<Record<string, unknown>>;

/** Values that tasks have registered, by host and name. */
export type Registered = Map<HostName, Map<string, unknown>>;

export interface VariableSources {
  readonly inventory: Inventory;
  /** More variables per host, from code (the cluster's context); they win over the inventory's. */
  readonly extra: (host: Host) => Scope;
  readonly registered: Registered;
  /** Hosts of a play that are still with us. */
  readonly playHosts: (play: Play) => readonly HostName[];
  /** Names that some task registers: where a host has no value yet, they are late. */
  readonly registeredNames: ReadonlySet<string>;
}

/**
 * The variables of one host at one task. Who wins, from the weakest: groups and host of the inventory, the cluster's
 * context, built-in names (`inventory_hostname`, `groups`, `hostvars`, ...), the play's vars, what tasks registered,
 * the task's vars, `item`. Play and task vars may use those before them; they are rendered by `render`.
 */
export function hostScope(
  sources: VariableSources,
  host: Host,
  where: { readonly play: Play; readonly task: Task | undefined; readonly item?: unknown },
  render: (
    value: Value,
    scope: Scope,
    owner: { readonly play: Play; readonly task: Task | undefined },
    key: string,
  ) => unknown,
): Scope {
  const { inventory } = sources;
  const scope: Record<string, unknown> = {
    ...host.variables,
    ...sources.extra(host),
    inventory_hostname: host.name,
    group_names: host.groups,
    groups: inventory.groups,
    play_hosts: sources.playHosts(where.play),
    playbook_dir: dirname(where.play.source.file),
  };
  Object.defineProperty(scope, 'hostvars', { enumerable: true, configurable: true, get: () => allHosts(sources) });
  for (const [key, value] of Object.entries(where.play.vars)) {
    scope[key] = render(value, scope, { play: where.play, task: undefined }, key);
  }
  Object.assign(scope, registeredOf(sources, host.name));
  if (Object.hasOwn(where, 'item')) scope.item = where.item;
  for (const [key, value] of Object.entries(where.task?.vars ?? {})) {
    scope[key] = render(value, scope, { play: where.play, task: where.task }, key);
  }
  return scope;
}

function registeredOf(sources: VariableSources, host: HostName): Record<string, unknown> {
  const values = sources.registered.get(host);
  return Object.fromEntries([...sources.registeredNames].map((name) => [name, values?.get(name) ?? late]));
}

function allHosts(sources: VariableSources): Scope {
  return Object.fromEntries(
    sources.inventory.hosts.map((host) => [
      host.name,
      { ...host.variables, ...sources.extra(host), ...registeredOf(sources, host.name), inventory_hostname: host.name },
    ]),
  );
}

/** Keeps what a task registered on a host, for the tasks after it and for `hostvars`. */
export function setRegistered(sources: VariableSources, host: HostName, name: string, value: unknown): void {
  const own = sources.registered.get(host) ?? new Map<string, unknown>();
  sources.registered.set(host, own.set(name, value));
}
