import { foldHosts } from '../base/host-range.ts';
import { canonicalIp } from '../base/ip.ts';
import { Problem } from '../base/problem.ts';
import { readAlerts } from '../linux-ha/alerts-yml.ts';
import { parseHaCf } from '../linux-ha/ha-cf.ts';
import { linkDirectives } from '../linux-ha/ha-cf-links.ts';
import { parseResource, wantedResource } from '../linux-ha/haresources.ts';
import { readMonitors } from '../linux-ha/monitors-yml.ts';
import { readPlacement } from '../linux-ha/placement-yml.ts';
import { readResourceRules } from '../linux-ha/resources-yml.ts';
import { usualLease } from '../linux-ha/store-yml.ts';
import type { YamlFile } from '../linux-ha/yaml-document.ts';
import { YamlReader } from '../linux-ha/yaml-reader.ts';
import type { Arbiter, Link, Timings } from '../model/cluster.ts';
import { completeTimings, defaultArbiterPort, defaultDriftBound, defaultUdpPort } from '../model/defaults.ts';
import type { ClusterDescription, Variables } from '../model/inventory.ts';
import { defaultRoundTrip, leastLease } from '../model/lease-floor.ts';
import type { ResourceGroup } from '../model/resource-group.ts';
import { describeFencing } from './describe-fencing.ts';
import { describeService } from './describe-service.ts';
import { type ClusterHosts, resolveSet } from './host-set.ts';
import { lintCluster } from './lint.ts';
import { milliseconds } from './milliseconds.ts';
import type { NativeCluster } from './schema.ts';

function readTimings({ timings: given, profile }: NativeCluster, least: number): Timings {
  const ms = (text: string | undefined): number | undefined => (text === undefined ? undefined : milliseconds(text));
  const timings = completeTimings(
    {
      keepalive: ms(given?.keepalive),
      deadtime: ms(given?.deadtime),
      warntime: ms(given?.warntime),
      initdead: ms(given?.initdead),
      lease: ms(given?.lease),
    },
    profile,
  );
  return given?.lease === undefined ? { ...timings, lease: Math.max(timings.lease, least) } : timings;
}

/** Reads a link with the parser of ha.cf, so that the two cannot differ; `ucast DEVICE` means a link to every node. */
function readLinks(yaml: YamlFile, native: NativeCluster, nodes: readonly string[], hosts: ClusterHosts): Link[] {
  let network = 0;
  return native.links.flatMap((text, index): Link[] => {
    const at = yaml.at(['cluster', 'links', index]);
    const [method, device, ...rest] = text.trim().split(/\s+/) as [string, string?, ...string[]];
    if (!linkDirectives.some((known) => known === method)) {
      yaml.list.add(at, `Cannot link the nodes by "${text}" as it must begin with ucast, bcast or mcast: it does not`);
      return [];
    }
    if (method === 'ucast' && device !== undefined && rest.length === 0) {
      const position = network++;
      const without = nodes.filter((node) => hosts.addresses[node]?.[position] === undefined);
      if (without.length > 0) {
        const which = position === 0 ? 'an address' : `${position + 1} cluster_addresses`;
        const message = `Cannot link "${foldHosts(without)}" by "${text}" as each must have ${which}`;
        yaml.list.add(at, `${message}: "${without[0]}" has ${hosts.addresses[without[0]!]?.length ?? 0}`);
      }
      return nodes.flatMap((node): Link[] => {
        const peer = hosts.addresses[node]?.[position];
        return peer === undefined ? [] : [{ method: 'ucast', device, peer }];
      });
    }
    try {
      return [...parseHaCf(`node any\n${text.replaceAll('\n', ' ')}`).links];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      for (const { message } of error.mistakes) yaml.list.add(at, message);
      return [];
    }
  });
}

function readArbiters(yaml: YamlFile, native: NativeCluster, hosts: ClusterHosts): Arbiter[] {
  const cannot = 'Cannot ask an arbiter as each must be in the inventory';
  const names = resolveSet(yaml, native.arbiters ?? [], ['cluster', 'arbiters'], hosts, cannot);
  const port = native.arbiter_port ?? defaultArbiterPort;
  const roundTrip =
    native.arbiter_round_trip === undefined ? defaultRoundTrip : milliseconds(native.arbiter_round_trip);
  return names.flatMap((name) => {
    const address = hosts.addresses[name]?.[0];
    if (address !== undefined) return [{ name, address, port, roundTrip }];
    const at = yaml.at(['cluster', 'arbiters']);
    yaml.list.add(
      at,
      `Cannot ask arbiter "${name}" as its address must be known: it has only a name`,
      'give the host an address or cluster_addresses',
    );
    return [];
  });
}

function readResourceGroups(yaml: YamlFile, native: NativeCluster): ResourceGroup[] {
  return Object.entries(native.groups ?? {}).map(([name, group]) => ({
    name,
    preferred: group.preferred,
    resources: group.resources.flatMap((text, index) => {
      const resource = /[\s#\\]/.test(text) ? undefined : parseResource(text);
      if (resource !== undefined) return [resource];
      const at = yaml.at(['cluster', 'groups', name, 'resources', index]);
      const blank = /[\s#\\]/.test(text)
        ? 'haresources must be able to say it, without blanks, "#" and "\\"'
        : undefined;
      yaml.list.add(at, `Cannot read resource "${text}" as ${blank ?? wantedResource(text)}: it is not so`);
      return [];
    }),
  }));
}

/** The cluster that an inventory describes, with all cross-checks; mistakes go to the file's list. `variables` are those of all hosts. */
export function describeCluster(
  yaml: YamlFile,
  native: NativeCluster,
  hosts: ClusterHosts,
  variables: Variables,
): ClusterDescription {
  const nodes = resolveSet(
    yaml,
    native.nodes,
    ['cluster', 'nodes'],
    hosts,
    'Cannot form the cluster as every node must be in the inventory',
  );
  const realServerHosts: Record<string, string> = {};
  const services = Object.entries(native.services ?? {}).flatMap(([name, service]) => {
    return describeService(yaml, name, service, hosts, realServerHosts) ?? [];
  });
  const pingNodes = (native.ping ?? []).map((text) => canonicalIp(text) ?? text);
  for (const [index, text] of pingNodes.entries()) {
    if (/^[\w.:-]+$/.test(text)) continue;
    yaml.list.add(
      yaml.at(['cluster', 'ping', index]),
      `Cannot ping "${text}" as it must be an address or a name: it is neither`,
    );
  }
  const arbiters = readArbiters(yaml, native, hosts);
  const store: ClusterDescription['store'] =
    native.store?.kind === 'disk' ? { reservation: 'none', ...native.store } : native.store;
  const pingGroups = Object.entries(native.ping_groups ?? {}).map(([name, addresses]) => ({
    name,
    addresses: addresses.map((text) => canonicalIp(text) ?? text),
  }));
  for (const { name, addresses } of pingGroups) {
    for (const [index, text] of addresses.entries()) {
      if (/^[\w.:-]+$/.test(text)) continue;
      yaml.list.add(
        yaml.at(['cluster', 'ping_groups', name, index]),
        `Cannot ping "${text}" as it must be an address or a name: it is neither`,
      );
    }
  }
  const deadping = native.timings?.deadping;
  const cluster: ClusterDescription = {
    name: native.name,
    engine: native.engine ?? 'muster',
    nodes,
    nodeAddresses: Object.fromEntries(nodes.map((node) => [node, hosts.addresses[node] ?? []])),
    arbiters,
    ...describeFencing(yaml, native.fencing, variables),
    links: readLinks(yaml, native, nodes, hosts),
    udpPort: native.udp_port ?? defaultUdpPort,
    profile: native.profile ?? 'default',
    timings: readTimings(native, Math.max(leastLease({ nodes, arbiters }), usualLease(store))),
    store,
    placement: readPlacement(new YamlReader(yaml), native.placement, ['cluster', 'placement']),
    resources: readResourceRules(new YamlReader(yaml), native.resources, ['cluster', 'resources']),
    alerts: readAlerts(new YamlReader(yaml), native.alerts, ['cluster', 'alerts']),
    monitors: readMonitors(new YamlReader(yaml), native.monitors, ['cluster', 'monitors']),
    autoFailback: native.auto_failback ?? false,
    noQuorum: native.no_quorum ?? 'stop',
    pingNodes,
    pingGroups,
    deadping: deadping === undefined ? undefined : milliseconds(deadping),
    watchdog: native.watchdog,
    respawn: (native.respawn ?? []).map((text) => text.split(' ')),
    groups: readResourceGroups(yaml, native),
    services,
    driftBound: native.drift_bound ?? defaultDriftBound,
    realServerHosts,
  };
  lintCluster(yaml, cluster, native);
  return cluster;
}
