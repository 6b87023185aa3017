import { evaluateAnsiblePattern } from '../base/ansible-pattern.ts';
import { nearest } from '../base/nearest.ts';
import { evaluateNodeSet, NodeSetError, type NodeSetWorld } from '../base/node-set.ts';
import { Problem } from '../base/problem.ts';
import type { Host, Inventory } from '../model/inventory.ts';
import { isResultSet, lastResults } from './result-sets.ts';

/** How a pattern is read: as ClusterShell's node sets, or as Ansible's patterns. */
export type PatternLanguage = 'nodeset' | 'ansible';

/**
 * The hosts of an inventory that a pattern names, in the inventory's order: `node[1-3]`, `@group`, `all`, `a,b!c`, `&`, `^`,
 * `@failed`. A group may be named without its `@` where no host has that name.
 * Throws `Problem('usage')` for what is unknown, and where no host is left.
 */
export function selectHosts(inventory: Inventory, pattern: string, language: PatternLanguage = 'nodeset'): Host[] {
  const hosts = hostsOf(inventory, pattern, language);
  if (hosts.length > 0) return hosts;
  throw new Problem('usage', `Cannot use "${pattern}" as it must name hosts of ${inventory.file}: none is left`);
}

/** As `selectHosts`, but no host is an answer, too. */
export function hostsOf(inventory: Inventory, pattern: string, language: PatternLanguage = 'nodeset'): Host[] {
  const hosts = inventory.hosts.map((host) => host.name);
  const selected = withPlace(pattern, () =>
    language === 'ansible'
      ? evaluateAnsiblePattern(pattern, { hosts, groups: inventory.groups })
      : evaluateNodeSet(pattern, worldOf(inventory, hosts)),
  );
  return inventory.hosts.filter((host) => selected.has(host.name));
}

/** Runs what may throw a `NodeSetError`, and says it as a `Problem` with its place in the pattern. */
export function withPlace<T>(pattern: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NodeSetError)) throw error;
    const { must = 'it must be a set of hosts', message, column, hint } = error;
    const place = column > 1 ? ` (character ${column})` : '';
    throw new Problem('usage', `Cannot use "${pattern}" as ${must}: ${message}${place}`, { hint });
  }
}

function worldOf(inventory: Inventory, hosts: readonly string[]): NodeSetWorld {
  const known = new Set(hosts);
  const group = (name: string): readonly string[] | undefined => {
    if (name === 'all') return hosts;
    if (Object.hasOwn(inventory.groups, name)) return inventory.groups[name];
    return isResultSet(name) ? lastResults(inventory.file, name).filter((host) => known.has(host)) : undefined;
  };
  const unknown = (name: string, column: number): NodeSetError => {
    const words = [...hosts, ...Object.keys(inventory.groups).map((word) => `@${word}`), 'all'];
    const near = nearest(name, words);
    const hint = near === undefined ? undefined : `did you mean ${near}?`;
    const must = `every host and group must be in ${inventory.file}`;
    return new NodeSetError(`"${name}" is not`, column, { must, hint });
  };
  return {
    all: () => hosts,
    group: (name, column) => {
      const members = group(name);
      if (members === undefined) throw unknown(`@${name}`, column);
      return members;
    },
    names: (term, expanded, column) => {
      const members = known.has(term) || isResultSet(term) ? undefined : group(term);
      if (members !== undefined) return members;
      const missing = expanded.find((name) => !known.has(name));
      if (missing !== undefined) throw unknown(missing, column);
      return expanded;
    },
  };
}
