import { showDuration } from '../../base/duration.ts';
import type { ArbiterClusterStatus, ArbiterProcessStatus } from '../../wire/arbiter-status.ts';

/** `musterd --arbiter status` for people; `now` is Unix milliseconds. */
export function showArbiterStatus(status: ArbiterProcessStatus, now: number): string {
  const lines = [
    'Arbiter Summary:',
    `  * ${status.arbiter}, votes for ${status.clusters.length} ${status.clusters.length === 1 ? 'cluster' : 'clusters'}`,
    `  * musterd ${status.version} (${status.bundleHash}), up ${showDuration(status.uptimeMs)}, configuration ${status.configHash}`,
    ...showCounters(status.counters),
    ...status.clusters.flatMap((cluster) => ['', ...showCluster(cluster, now)]),
  ];
  return lines.join('\n');
}

function showCluster(cluster: ArbiterClusterStatus, now: number): string[] {
  const { name, port, problem, longestLeaseMs, silentMs, certificateExpires } = cluster;
  const silent = silentMs > 0 ? `; silent for ${showDuration(silentMs)} yet` : '';
  const days = certificateExpires === null ? undefined : Math.floor((certificateExpires - now) / 86_400_000);
  const certificate = days === undefined ? 'none' : days < 0 ? 'EXPIRED' : `good for ${days} days`;
  return [
    `Cluster ${name}:`,
    problem === null
      ? `  * Port ${port}, leases of at most ${showDuration(longestLeaseMs)}${silent}; certificate ${certificate}`
      : `  * Votes for NOBODY: ${problem}`,
    ...cluster.nodes.map((node) => {
      const heard = node.lastHeardMs === null ? 'never heard' : `heard ${showDuration(node.lastHeardMs)} ago`;
      const far = node.roundTripMs === null ? '' : `, ${node.roundTripMs} ms away`;
      return `  * Node ${node.name}: ${node.state}, ${node.connections} connections${far}, ${heard}`;
    }),
    ...cluster.groups.map(({ name: group, holder, leaseLeftMs }) => {
      const left = leaseLeftMs === null ? '' : `, lease ${showDuration(leaseLeftMs)}`;
      return `  * Group ${group}: ${holder === null ? 'no lease lives' : `held by ${holder}${left}`}`;
    }),
    ...showCounters(cluster.counters),
  ];
}

function showCounters(counters: Readonly<Record<string, number>>): string[] {
  const some = Object.entries(counters).filter(([, count]) => count > 0);
  return some.length === 0 ? [] : [`  * Refused: ${some.map(([why, count]) => `${why} ${count}`).join(', ')}`];
}
