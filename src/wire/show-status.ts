/** The status of a cluster for people, on a node and on the controller. Pure. */
import { showDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import { showFencingStatus } from './fencing.ts';
import { showArbiter, showBound } from './show-arbiters.ts';
import { showResources } from './show-resources.ts';
import type {
  GroupStatus,
  LinkStatus,
  NodeStatus,
  PingStatus,
  ServiceStatus,
  Status,
  StoreStatus,
  WatchdogStatus,
} from './status.ts';

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
  const left = nodes.filter(({ maintenance }) => maintenance === true);
  if (left.length > 0) lines.push(`  * In maintenance, where nothing moves: [ ${folded(left)} ]`);
  const mute = nodes.filter(({ voter }) => voter === false);
  if (mute.length > 0) lines.push(`  * Without a vote: [ ${folded(mute)} ] (muster reconfigure)`);
  const late = nodes.filter(({ state }) => state === 'late');
  if (late.length > 0) lines.push(`  * Late: [ ${folded(late)} ] (nothing heard for longer than warntime)`);
  lines.push(...showHashes('Configuration', 'configHash', configHash, self, nodes));
  lines.push(...showHashes('musterd', 'bundleHash', bundleHash, self, nodes));
  return ['Node List:', ...lines];
}

/** Where the nodes differ in a hash: every hash with its nodes. */
function showHashes(
  word: string,
  key: 'configHash' | 'bundleHash',
  own: string,
  self: string,
  nodes: readonly NodeStatus[],
): string[] {
  const sides = new Map<string, string[]>([[own, [self]]]);
  for (const node of nodes) {
    const hash = node[key];
    if (node.name === self || hash === null || hash === '') continue;
    sides.set(hash, [...(sides.get(hash) ?? []), node.name]);
  }
  if (sides.size < 2) return [];
  const list = [...sides].map(([hash, names]) => `${hash} on ${foldHosts(names)}`);
  return [`  * ${word} DIFFERS: ${list.join('; ')}`];
}

const protections: Readonly<Record<GroupStatus['protection'], string>> = {
  gate: "the kernel's gate",
  'address-lifetime': "the address's lifetime (no packet filter)",
};

/** Which layers keep a second holder silent. */
export function showProtection({ protection, layers = [] }: GroupStatus): string {
  return [protections[protection], ...layers].join(', ');
}

function showWaiting(nodes: readonly string[]): string[] {
  if (nodes.length === 0) return [];
  const commands = nodes.map((node) => `muster fence ${node} --confirmed`);
  return [`      hint: make sure that ${nodes.join(' and ')} is off, then: ${commands.join('; ')}`];
}

/** One group in full; `now` is Unix milliseconds. */
export function showGroup(group: GroupStatus, now: number): string[] {
  const where = group.holder === null ? 'Stopped' : `Started ${group.holder}`;
  const since =
    group.since === null ? '' : `, for ${showDuration(Math.max(0, Math.round((now - group.since) / 100) * 100))}`;
  const whole = group.leaseMs === undefined ? '' : `${showDuration(group.leaseMs)}, `;
  const left = group.leaseLeftMs === null ? '' : `lease ${whole}${showDuration(group.leaseLeftMs)} left`;
  const votes = group.votes.length === 0 ? '' : ` by the votes of ${foldHosts(group.votes)}`;
  const gate = group.gateOpen ? `, open on ${group.holder}` : '';
  const { pinned } = group;
  const time =
    pinned == null || pinned.forMs === null ? 'until it is cleared' : `for ${showDuration(pinned.forMs)} yet`;
  const lease = left === '' ? '' : `${left}${votes}; `;
  return [
    `  * ${group.name} (${group.addresses.join(', ') || 'no address'}): ${where}${since}`,
    `      ${lease}protected by ${showProtection(group)}${gate}`,
    `      ${group.reason}`,
    ...showWaiting(group.waitsFor ?? []),
    ...(pinned == null ? [] : [`      an operator wants it on ${pinned.node}, ${time}`]),
    ...showResources(group),
  ];
}

function showService({ key, scheduler, realServers }: ServiceStatus): string[] {
  const servers = realServers.map(({ address, port, weight, configuredWeight, alive, lastCheck }) => {
    const state = alive === null ? 'unknown' : alive ? 'alive' : 'DEAD';
    const host = address.includes(':') ? `[${address}]` : address;
    const load = weight === configuredWeight ? String(weight) : `${weight} of ${configuredWeight}`;
    return `      -> ${`${host}:${port}`.padEnd(22)} weight ${load.padEnd(4)} ${state.padEnd(7)} ${lastCheck}`;
  });
  return [`  * ${key} ${scheduler}`, ...servers];
}

/**
 * Counters that mean that somebody else talks to us. Late and doubled datagrams are a network's everyday life, and so is what a
 * peer means for another node: all hear it on broadcast and multicast links, and at a start nobody knows who has which address.
 */
const alarming = new Set(['forged', 'replayed', 'malformed', 'unknown-key', 'unknown-sender']);

function showCounters(counters: Readonly<Record<string, number>>): string[] {
  const seen = Object.entries(counters).filter(([name, count]) => count > 0 && alarming.has(name));
  if (seen.length === 0) return [];
  return ['', 'Messages Refused:', ...seen.map(([name, count]) => `  * ${name}: ${count}`)];
}

/** Of whom and how this was learned, beside the status itself. */
export interface Heard {
  /** `seen by node1`, or what the controller pieced together. */
  readonly by: string;
}

const stores = { etcd: 'etcd', disk: 'the quorum disk' };

function showStore({ kind, where, answers, answeredMsAgo, leaseMs, boundMs }: StoreStatus): string {
  const ago = answeredMsAgo === null ? 'has never answered' : `answered ${showDuration(answeredMsAgo)} ago`;
  const bound = `leases of ${showDuration(leaseMs)}; a dead holder's groups are elsewhere within ${showDuration(boundMs)}`;
  return `  * Leases lie in ${stores[kind]} (${where.slice(where.indexOf(' ') + 1)}), which ${answers ? ago : `DOES NOT ANSWER (${ago})`}: ${bound}`;
}

/** Links in trouble; those that are up are no news. */
function showLinks(links: readonly LinkStatus[]): string[] {
  const lines = links
    .filter(({ state }) => state !== 'up')
    .map(
      ({ owner, name, state, why }) =>
        `  * ${owner === undefined ? '' : `${owner} `}${name}: ${state.toUpperCase()}: ${why}`,
    );
  return lines.length === 0 ? [] : ['', 'Heartbeat Links:', ...lines];
}

function showPing(ping: readonly PingStatus[]): string[] {
  const lost = ping.filter(({ reached }) => reached === false).map(({ name }) => name);
  if (lost.length === 0) return [];
  return [`  * Ping nodes that do not answer: ${lost.join(', ')} (${ping.length - lost.length} of ${ping.length} do)`];
}

function showWatchdog(watchdog: WatchdogStatus | null): string[] {
  if (watchdog === null) return [];
  const { device, armed, why } = watchdog;
  return [
    `  * Watchdog: ${device} ${armed ? 'restarts this machine where musterd hangs' : `PROTECTS NOTHING: ${why}`}`,
  ];
}

/** A status in the order and the words of crm_mon, where both have them. `now` is Unix milliseconds. */
export function showStatus(status: Status, now: number, heard: Heard = { by: `seen by ${status.node}` }): string {
  const { quorum } = status;
  const silent = quorum.silentMs > 0 ? `, silent as a voter for ${showDuration(quorum.silentMs)} yet` : '';
  const since = (quorum.epoch ?? 0) > 0 ? `, epoch ${quorum.epoch}` : '';
  const lines = [
    'Cluster Summary:',
    `  * Cluster: ${status.cluster}, ${heard.by}${status.standby ? ' (standby)' : ''}`,
    `  * musterd ${status.version} (${status.bundleHash}), up ${showDuration(status.uptimeMs)}, configuration ${status.configHash}`,
    status.store == null
      ? `  * Quorum: ${quorum.quorate ? 'partition with quorum' : 'partition WITHOUT quorum'}: ${quorum.votes} of ${quorum.voters.length} votes, ${quorum.needed} needed${since}${silent}`
      : showStore(status.store),
    '',
    ...showNodes(status),
    ...(status.arbiters ?? []).map((arbiter) => showArbiter(arbiter, now)),
    ...(status.bound ? [showBound(status.bound)] : []),
    ...showWatchdog(status.watchdog ?? null),
    ...(status.fencing ? showFencingStatus(status.fencing) : []),
    ...showPing(status.ping ?? []),
    ...showLinks(status.links ?? []),
    '',
    'Resource Groups:',
    ...(status.groups.length === 0 ? ['  * none'] : status.groups.flatMap((group) => showGroup(group, now))),
  ];
  if (status.services.length > 0) lines.push('', 'Virtual Services:', ...status.services.flatMap(showService));
  lines.push(...showCounters(status.counters));
  return lines.join('\n');
}
