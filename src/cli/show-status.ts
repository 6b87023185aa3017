/** The status of a cluster as text for people. Pure. */
import { showDuration } from '../base/duration.ts';
import type { GroupStatus, NodeStatus, ServiceStatus, Status } from '../wire/status.ts';

function nodeLine(node: NodeStatus, self: string): string {
  const state = node.state === 'self' ? 'up' : node.state === 'unknown' ? 'never heard' : node.state;
  const heard = node.lastHeardMs === null ? '' : `, last heard ${showDuration(node.lastHeardMs)} ago`;
  const marks = [
    ...(node.standby ? ['standby'] : []),
    ...(node.name === self ? ['asked'] : []),
    ...(node.state === 'dead' || node.state === 'late' ? [`silent${heard}`.replace('silent, ', '')] : []),
  ];
  return `${state}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`;
}

function groupLines(group: GroupStatus, now: number): readonly string[] {
  const since =
    group.since === null ? '' : ` for ${showDuration(Math.max(0, Math.round((now - group.since) / 1000) * 1000))}`;
  const holder = group.holder === null ? 'held by nobody' : `held by ${group.holder}${since}`;
  const lease = group.leaseLeftMs === null ? '' : `, lease ${showDuration(Math.round(group.leaseLeftMs))} left`;
  const votes = group.votes.length === 0 ? '' : `, votes of ${group.votes.join(' ')}`;
  const addresses = group.addresses.join(' ');
  return [
    `  ${group.name}  ${addresses}  ${holder}${lease}${votes}, protected by the ${group.protection.replace('-', ' ')}`,
    `    ${group.reason}`,
  ];
}

function serviceLines(service: ServiceStatus): readonly string[] {
  const width = Math.max(0, ...service.realServers.map((server) => `${server.address}:${server.port}`.length));
  const servers = service.realServers.map((server) => {
    const state = server.alive === null ? 'not checked yet' : server.alive ? 'alive' : 'down';
    const weight =
      server.weight === server.configuredWeight ? `${server.weight}` : `${server.weight} of ${server.configuredWeight}`;
    const where = `${server.address}:${server.port}`.padEnd(width);
    return `    ${where}  ${state.padEnd(5)}  weight ${weight}  ${server.lastCheck}`;
  });
  return [`  ${service.key}  ${service.scheduler}`, ...servers];
}

/** What one node sees; `now` is Unix milliseconds. */
export function showStatus(status: Status, now: number): string {
  const { quorum } = status;
  const silent = quorum.silentMs > 0 ? `, silent as a voter for ${showDuration(quorum.silentMs)} yet` : '';
  const width = Math.max(...status.nodes.map((node) => node.name.length));
  return [
    `Cluster ${status.cluster}: ${quorum.quorate ? 'quorate' : 'NOT quorate'} ` +
      `(${quorum.votes} of ${quorum.voters.length} votes, ${quorum.needed} needed${silent}), as ${status.node} sees it`,
    '',
    'Nodes',
    ...status.nodes.map((node) => `  ${node.name.padEnd(width)}  ${nodeLine(node, status.node)}`),
    '',
    'Resource groups',
    ...status.groups.flatMap((group) => groupLines(group, now)),
    '',
    'Virtual services',
    ...status.services.flatMap(serviceLines),
  ].join('\n');
}
