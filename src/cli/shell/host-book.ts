import { evaluateNodeSet, NodeSetError, type NodeSetWorld } from '../../base/node-set.ts';
import { Problem } from '../../base/problem.ts';
import { type ClusterTags, hostFromWord, readClusters, withClusters } from '../../inventory/cluster-ssh.ts';
import { loadInventory } from '../../inventory/load.ts';
import type { Host, Inventory } from '../../model/inventory.ts';
import { hostsOf, type PatternLanguage, selectHosts, withPlace } from '../select-hosts.ts';

/** Where `muster shell` looks hosts up: the inventory, ClusterSSH's clusters, and without an inventory any name. */
export interface HostBook {
  /** The inventory's file; undefined: there is none. */
  readonly file: string | undefined;
  /** The hosts that a pattern names. Throws `Problem('usage')`, also where it names none. */
  resolve(pattern: string): Host[];
  /** As `resolve`, but no host is an answer, too. */
  among(pattern: string): Host[];
  /** Groups that the host is in whose name has to be typed before anything goes to it. */
  protectedBy(host: string): string[];
  /** Hosts and groups by name, for completion. */
  readonly hosts: readonly string[];
  readonly groups: readonly string[];
}

export async function openHostBook(options: {
  readonly inventory?: string | undefined;
  readonly pattern: PatternLanguage;
}): Promise<HostBook> {
  const tags = await readClusters();
  if (options.inventory === undefined) return bookOfNames(tags);
  return bookOf(withClusters(await loadInventory(options.inventory), tags), options.pattern);
}

export function bookOf(inventory: Inventory, language: PatternLanguage): HostBook {
  const { file, hosts, groups, protectedGroups = [] } = inventory;
  return {
    file,
    resolve: (pattern) => selectHosts(inventory, pattern, language),
    among: (pattern) => hostsOf(inventory, pattern, language),
    protectedBy: (host) => protectedGroups.filter((group) => groups[group]?.includes(host)),
    hosts: hosts.map(({ name }) => name),
    groups: Object.keys(groups),
  };
}

/** As cssh has it: every name is a host, and only ClusterSSH's files have groups. `user@name:port` says how it is reached. */
export function bookOfNames(tags: ClusterTags): HostBook {
  const { hosts, groups } = withClusters({ file: 'names', hosts: [], groups: {}, cluster: undefined }, tags);
  const known = new Map(hosts.map((host) => [host.name, host]));
  const all = hosts.map(({ name }) => name);
  const missing = (seen: string, column: number): never => {
    const hint = 'name an inventory with -i, or in MUSTER_INVENTORY';
    throw new NodeSetError(seen, column, { must: 'without an inventory groups must be in a clusters file', hint });
  };
  const members = (name: string): readonly string[] | undefined =>
    Object.hasOwn(groups, name) ? groups[name] : undefined;
  const learn = (word: string): string => {
    const host = hostFromWord(word);
    if (!known.has(host.name) || host.ssh.user !== undefined || host.ssh.port !== undefined) known.set(host.name, host);
    return host.name;
  };
  const world: NodeSetWorld = {
    all: (column) => (all.length > 0 ? all : missing('there is none', column)),
    group: (name, column) => members(name) ?? missing(`"@${name}" is not`, column),
    names: (term, expanded, column) => {
      if (term === 'all') return world.all(column);
      return members(term) ?? expanded.map(learn);
    },
  };
  const among = (pattern: string): Host[] =>
    [...withPlace(pattern, () => evaluateNodeSet(pattern, world))].flatMap((name) => known.get(name) ?? []);
  return {
    file: undefined,
    resolve: (pattern) => {
      const found = among(pattern);
      if (found.length > 0) return found;
      throw new Problem('usage', `Cannot use "${pattern}" as it must name hosts: none is left`);
    },
    among,
    protectedBy: () => [],
    hosts: all,
    groups: Object.keys(groups).filter((name) => name !== 'all' || all.length > 0),
  };
}
