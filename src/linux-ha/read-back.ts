import { badInput } from '../base/problem.ts';
import type { Cluster } from '../model/cluster.ts';
import { type ConfigFiles, type Configuration, parseConfiguration } from './cluster.ts';

/** Only what is the cluster's, in one order of keys: two clusters are equal if and only if these texts are. */
function canonical(cluster: Cluster): Record<string, unknown> {
  return {
    name: cluster.name,
    nodes: cluster.nodes,
    nodeAddresses: cluster.nodeAddresses ?? {},
    arbiters: cluster.arbiters,
    fencing: cluster.fencing ?? null,
    links: cluster.links,
    udpPort: cluster.udpPort,
    timings: cluster.timings,
    profile: cluster.profile ?? 'default',
    autoFailback: cluster.autoFailback,
    noQuorum: cluster.noQuorum,
    pingNodes: cluster.pingNodes,
    pingGroups: cluster.pingGroups ?? [],
    deadping: cluster.deadping,
    watchdog: cluster.watchdog,
    watchdogPolicy: cluster.watchdogPolicy,
    respawn: cluster.respawn ?? [],
    groups: cluster.groups,
    services: cluster.services,
    driftBound: cluster.driftBound,
    store: cluster.store ?? null,
    placement: cluster.placement ?? null,
    resources: cluster.resources ?? null,
    alerts: cluster.alerts ?? null,
    monitors: cluster.monitors ?? null,
  };
}

/** The path and the two values of the first difference, or undefined where there is none; `undefined` equals absence. */
function firstDifference(wanted: unknown, seen: unknown, path: string): string | undefined {
  if (typeof wanted === 'object' && typeof seen === 'object' && wanted !== null && seen !== null) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(seen)])) {
      const [left, right] = [(wanted as Record<string, unknown>)[key], (seen as Record<string, unknown>)[key]];
      const found = firstDifference(left, right, path === '' ? key : `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Object.is(wanted, seen)) return undefined;
  // What devices are told may be a password.
  if (path.startsWith('fencing.')) return `${path} is not what it was`;
  return `${path} was ${JSON.stringify(wanted) ?? 'absent'} and is ${JSON.stringify(seen) ?? 'absent'}`;
}

/** The first difference between two clusters in words, or undefined where they are the same. */
export function clusterDifference(wanted: Cluster, seen: Cluster): string | undefined {
  return firstDifference(canonical(wanted), canonical(seen), '');
}

/**
 * Holds the law that what the templates write, the parsers read back to the same model: parses the rendered `files` and
 * compares. Throws a `Problem` where they do not parse or say something else, so that nobody pushes them.
 */
export function checkReadBack(cluster: Cluster, files: ConfigFiles, where = 'rendered '): Configuration {
  const configuration = parseConfiguration(files, where);
  const difference = clusterDifference(cluster, configuration.cluster);
  if (difference !== undefined) {
    const at = { file: `${where}ha.cf`, line: 1, column: 1 };
    const message = `Cannot push the files of cluster "${cluster.name}" as they must read back to the same: ${difference}`;
    throw badInput([{ at, message }]);
  }
  return configuration;
}
