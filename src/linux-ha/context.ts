import { writeDuration } from '../base/duration.ts';
import type { Cluster } from '../model/cluster.ts';
import { storeWhere } from '../model/lease-store.ts';
import type { RealServer, VirtualService } from '../model/virtual-service.ts';
import { serviceKey } from '../model/virtual-service.ts';
import { alertsContext } from './alerts-yml.ts';
import type { Authkeys } from './authkeys.ts';
import { type FencingContext, fencingContext } from './fencing-context.ts';
import { writeLink } from './ha-cf-links.ts';
import { groupKey, writeResource } from './haresources.ts';
import { monitorsContext } from './monitors-yml.ts';
import { type PlacementContext, placementContext } from './placement-context.ts';
import { certificateDirectory } from './quorumd-conf.ts';
import { agentPackages, type ResourceRulesContext, resourceRulesContext } from './resources-context.ts';
import { yamlText } from './yaml-text.ts';

/**
 * What the templates of the cluster's files see: plain data in which every value is already written as its format wants it,
 * so that the templates need no helpers but Handlebars' own `each` and `if`. Every name is always there (null where there is
 * nothing to say), as strict templates refuse names that are not.
 */
export interface ClusterContext {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly keepalive: string;
  readonly deadtime: string;
  readonly warntime: string;
  readonly initdead: string;
  readonly lease: string;
  readonly profile: string;
  readonly udp_port: number;
  /** Whole lines of ha.cf. */
  readonly links: readonly string[];
  readonly auto_failback: 'on' | 'off';
  readonly ping_nodes: readonly string[];
  /** The arguments of each ping_group and respawn line. */
  readonly ping_groups: readonly string[];
  readonly respawn: readonly string[];
  readonly deadping: string | null;
  readonly watchdog: string | null;
  readonly drift_bound: string;
  readonly no_quorum: string;
  /** As a flow map, which is JSON; null where the nodes vote. */
  readonly store: string | null;
  /** As a status says it; empty where the nodes vote. */
  readonly store_where: string;
  /** The device of a quorum disk. */
  readonly quorum_disk: string | null;
  /** Whether it is locked by SCSI-3 persistent reservation. */
  readonly quorum_reservation: boolean;
  readonly placement: PlacementContext | null;
  readonly resources: ResourceRulesContext | null;
  /** Debian's packages that the resources' agents come in. */
  readonly agent_packages: readonly string[];
  readonly alerts: readonly { readonly name: string; readonly says: string }[] | null;
  readonly monitors: readonly { readonly name: string; readonly says: string }[] | null;
  readonly arbiters: readonly {
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly round_trip: string | null;
  }[];
  /** As quorumd.conf wants them: plain names. */
  readonly arbiter_names: readonly string[];
  readonly fencing: FencingContext;
  /** Who may read the files that say how nodes are fenced or webhooks called: there may be passwords in them. */
  readonly config_mode: '0600' | '0644';
  readonly node_addresses: readonly { readonly name: string; readonly addresses: string }[];
  readonly groups: readonly GroupContext[];
  readonly services: readonly ServiceContext[];
  /** Seconds: the shortest interval of all checks, for ldirectord, which knows one for all. */
  readonly check_interval: number;
  readonly ip_forward: boolean;
  readonly arbitration: Readonly<Record<'interval' | 'timeout' | 'takeover' | 'giveup' | 'nodenum', number>> & {
    readonly certificates: string;
    readonly port: number | null;
  };
}

/** A resource group; `name` and `key` are written for YAML, `resources` for haresources. */
export interface GroupContext {
  readonly name: string;
  readonly preferred: string;
  readonly resources: string;
  readonly key_kind: 'address' | 'agent';
  readonly key: string;
}

/** A virtual service; the fields that end in `_yaml` and the exact times are for muster.yml, the others for ldirectord.cf. */
export interface ServiceContext {
  readonly name: string;
  readonly name_yaml: string;
  readonly key_yaml: string;
  readonly virtual: string;
  readonly real_servers: readonly string[];
  readonly fallback: string | null;
  readonly protocol: string;
  readonly scheduler: string;
  readonly persistent: number | null;
  readonly quiescent: 'yes' | 'no';
  readonly check: readonly { readonly key: string; readonly value: string }[];
  readonly interval: string;
  readonly timeout: string;
  readonly rise: number;
}

const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const target = (server: RealServer): string => `${endpoint(server.address, server.port)} ${server.forwarding}`;

/** The lines of a check; ldirectord takes whole seconds, so times are rounded up here and exact in muster.yml. */
function checkLines(service: VirtualService): { key: string; value: string }[] {
  const { check } = service;
  const quoted = (text: string | undefined): string | undefined => (text === undefined ? undefined : `"${text}"`);
  const seconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['checktype', check.type],
    ['service', check.service],
    ['checkport', check.port?.toString()],
    ['request', quoted(check.request)],
    ['receive', quoted(check.receive)],
    ['virtualhost', quoted(check.virtualHost)],
    ['checkcommand', quoted(check.command)],
    [check.type === 'negotiate' ? 'negotiatetimeout' : 'checktimeout', seconds(check.timeout)],
    ['checkinterval', seconds(check.interval)],
    ['failurecount', String(check.fall)],
  ];
  return lines.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
}

function serviceContext(service: VirtualService): ServiceContext {
  return {
    name: service.name,
    name_yaml: yamlText(service.name),
    key_yaml: yamlText(serviceKey(service)),
    virtual: endpoint(service.address, service.port),
    real_servers: service.realServers.map((server) => `${target(server)} ${server.weight}`),
    fallback: service.fallback === undefined ? null : target(service.fallback),
    protocol: service.protocol,
    scheduler: service.scheduler,
    persistent: service.persistent ?? null,
    quiescent: service.quiescent ? 'yes' : 'no',
    check: checkLines(service),
    interval: writeDuration(service.check.interval),
    timeout: writeDuration(service.check.timeout),
    rise: service.check.rise,
  };
}

function hasWebhook({ alerts = [] }: Cluster): boolean {
  return alerts.some(({ way }) => way.kind === 'webhook');
}

/** The `cluster` of the templates' context; the same on every host. */
export function clusterContext(cluster: Cluster): ClusterContext {
  const { keepalive, deadtime, warntime, initdead, lease } = cluster.timings;
  const intervals = cluster.services.map(({ check }) => Math.max(1, Math.ceil(check.interval / 1000)));
  const forwarding = cluster.services.flatMap(({ realServers }) => realServers.map((server) => server.forwarding));
  return {
    name: cluster.name,
    nodes: cluster.nodes,
    keepalive: writeDuration(keepalive),
    deadtime: writeDuration(deadtime),
    warntime: writeDuration(warntime),
    initdead: writeDuration(initdead),
    lease: writeDuration(lease),
    profile: cluster.profile ?? 'default',
    udp_port: cluster.udpPort,
    links: cluster.links.map(writeLink),
    auto_failback: cluster.autoFailback ? 'on' : 'off',
    ping_nodes: cluster.pingNodes,
    store: cluster.store === undefined ? null : JSON.stringify(cluster.store),
    store_where: storeWhere(cluster.store),
    quorum_disk: cluster.store?.kind === 'disk' ? cluster.store.device : null,
    quorum_reservation: cluster.store?.kind === 'disk' && cluster.store.reservation === 'scsi',
    ping_groups: (cluster.pingGroups ?? []).map(({ name, addresses }) => [name, ...addresses].join(' ')),
    respawn: (cluster.respawn ?? []).map((words) => words.join(' ')),
    deadping: cluster.deadping === undefined ? null : writeDuration(cluster.deadping),
    watchdog: cluster.watchdog ?? null,
    drift_bound: String(cluster.driftBound),
    placement: cluster.placement === undefined ? null : placementContext(cluster.placement),
    resources: cluster.resources === undefined ? null : resourceRulesContext(cluster.resources),
    agent_packages: agentPackages(cluster.groups),
    alerts: cluster.alerts === undefined ? null : alertsContext(cluster.alerts),
    monitors: cluster.monitors === undefined ? null : monitorsContext(cluster.monitors),
    no_quorum: cluster.noQuorum,
    arbiters: cluster.arbiters.map(({ name, address, port, roundTrip }) => ({
      name: yamlText(name),
      address: yamlText(address),
      port,
      round_trip: roundTrip === undefined ? null : writeDuration(roundTrip),
    })),
    arbiter_names: cluster.arbiters.map(({ name }) => name),
    fencing: fencingContext(cluster.fencing, cluster.watchdogPolicy),
    config_mode: cluster.fencing === undefined && !hasWebhook(cluster) ? '0644' : '0600',
    node_addresses: Object.entries(cluster.nodeAddresses ?? {}).map(([name, addresses]) => ({
      name: yamlText(name),
      addresses: addresses.map(yamlText).join(', '),
    })),
    groups: cluster.groups.map(({ name, preferred, resources }) => ({
      name: yamlText(name),
      preferred,
      resources: resources.map(writeResource).join(' '),
      key_kind: resources.some(({ kind }) => kind === 'address') ? 'address' : 'agent',
      key: yamlText(groupKey(resources)),
    })),
    services: cluster.services.map(serviceContext),
    check_interval: intervals.length === 0 ? 10 : Math.min(...intervals),
    ip_forward: forwarding.some((method) => method !== 'gate'),
    arbitration: {
      interval: keepalive,
      timeout: deadtime,
      takeover: lease,
      giveup: Math.max(1, lease - keepalive),
      nodenum: cluster.nodes.length,
      certificates: certificateDirectory(cluster.name),
      port: cluster.arbiters[0]?.port ?? null,
    },
  };
}

/** The `authkeys` of the templates' context. It holds secrets: whoever renders with it keeps the text out of diffs and logs. */
export function authkeysContext(authkeys: Authkeys): Authkeys {
  return authkeys;
}
