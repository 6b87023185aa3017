import { showDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import type { GroupStatus, NodeStatus, ServiceStatus, Status } from '../wire/status.ts';
import type { JournalLine } from './journal.ts';

const folded = (nodes: readonly NodeStatus[]): string => foldHosts(nodes.map(({ name }) => name));

function showNodes({ nodes, node: self, configHash, bundleHash }: Status): string[] {
  const online = nodes.filter(
    ({ state, standby }) => !standby && (state === 'self' || state === 'up' || state === 'late'),
  );
  const standby = nodes.filter(({ state, standby }) => standby && state !== 'dead' && state !== 'unknown');
  const dead = nodes.filter(({ state }) => state === 'dead');
  const unknown = nodes.filter(({ state }) => state === 'unknown');
  const lists: [string, readonly NodeStatus[]][] = [
    ['Online', online],
    ['Standby', standby],
    ['OFFLINE', dead],
    ['Never heard', unknown],
  ];
  const lines = lists.filter(([, list]) => list.length > 0).map(([word, list]) => `  * ${word}: [ ${folded(list)} ]`);
  const late = nodes.filter(({ state }) => state === 'late');
  if (late.length > 0) lines.push(`  * Late: [ ${folded(late)} ] (nothing heard for longer than warntime)`);
  const differs = (key: 'configHash' | 'bundleHash', own: string): NodeStatus[] =>
    nodes.filter((node) => node.name !== self && node[key] !== null && node[key] !== '' && node[key] !== own);
  const [config, bundle] = [differs('configHash', configHash), differs('bundleHash', bundleHash)];
  if (config.length > 0) lines.push(`  * Configuration differs from this node's: [ ${folded(config)} ]`);
  if (bundle.length > 0) lines.push(`  * Runs another musterd than this node: [ ${folded(bundle)} ]`);
  return ['Node List:', ...lines];
}

/** One group in full; `now` is Unix milliseconds. */
function showGroup(group: GroupStatus, now: number): string[] {
  const where = group.holder === null ? 'Stopped' : `Started ${group.holder}`;
  const since = group.since === null ? '' : `, for ${showDuration(Math.max(0, now - group.since))}`;
  const lease =
    group.votes.length === 0 || group.leaseLeftMs === null
      ? ''
      : `\n      lease: ${showDuration(group.leaseLeftMs)} left, by ${foldHosts(group.votes)}; gate ${group.gateOpen ? 'open' : 'shut'} here`;
  return [
    `  * ${group.name} (${group.addresses.join(', ') || 'no address'}): ${where}${since}${lease}\n      ${group.reason}`,
  ];
}

function showService({ key, scheduler, realServers }: ServiceStatus): string[] {
  const servers = realServers.map(({ address, port, weight, alive, lastCheck }) => {
    const state = alive === null ? 'unknown' : alive ? 'alive' : 'DEAD';
    const host = address.includes(':') ? `[${address}]` : address;
    return `      -> ${`${host}:${port}`.padEnd(22)} weight ${String(weight).padEnd(4)} ${state.padEnd(7)} ${lastCheck}`;
  });
  return [`  * ${key} ${scheduler}`, ...servers];
}

/** `musterd status` for people; the order and the words are those of crm_mon where both have them. */
export function showStatus(status: Status, now: number): string {
  const { quorum } = status;
  const silent = quorum.silentMs > 0 ? `, silent as a voter for ${showDuration(quorum.silentMs)} yet` : '';
  const lines = [
    'Cluster Summary:',
    `  * Cluster: ${status.cluster}, seen by ${status.node}${status.standby ? ' (standby)' : ''}`,
    `  * musterd ${status.version} (${status.bundleHash}), up ${showDuration(status.uptimeMs)}, configuration ${status.configHash}`,
    `  * Quorum: ${quorum.quorate ? 'partition with quorum' : 'partition WITHOUT quorum'}: ${quorum.votes} of ${quorum.voters.length} votes, ${quorum.needed} needed${silent}`,
    '',
    ...showNodes(status),
    '',
    'Resource Groups:',
    ...(status.groups.length === 0 ? ['  * none'] : status.groups.flatMap((group) => showGroup(group, now))),
  ];
  if (status.services.length > 0) lines.push('', 'Virtual Services:', ...status.services.flatMap(showService));
  return lines.join('\n');
}

/** `musterd explain`: why a group is where it is, and what was decided about it lately. */
export function showExplanation(
  status: Status,
  group: GroupStatus,
  journal: readonly JournalLine[],
  now: number,
): string {
  const candidates = status.nodes.map(({ name, state, standby, lastHeardMs }) => {
    const heard = lastHeardMs === null ? '' : `, heard ${showDuration(lastHeardMs)} ago`;
    const marks = [
      name === group.holder ? 'holds it' : '',
      name === group.preferred ? 'preferred' : '',
      standby ? 'standby' : '',
    ];
    return `  * ${name}: ${[state === 'self' ? 'this node' : state, ...marks.filter((mark) => mark !== '')].join(', ')}${heard}`;
  });
  const about = journal.filter((line) => line.group === undefined || line.group === group.name);
  const lately = about.slice(-8).map((line) => `  * ${new Date(line.time).toISOString()} ${line.what}: ${line.why}`);
  return [
    ...showGroup(group, now),
    'Candidates:',
    ...candidates,
    ...(lately.length === 0 ? [] : ['Lately:', ...lately]),
  ].join('\n');
}
