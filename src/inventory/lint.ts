import { showDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import { networkContains, parseIp, parseNetwork } from '../base/ip.ts';
import { nearest } from '../base/nearest.ts';
import { thirdVoteWays } from '../linux-ha/cluster.ts';
import { fencingMistakes } from '../linux-ha/fencing-lint.ts';
import { monitorMistakes } from '../linux-ha/monitors-yml.ts';
import { placementMistakes } from '../linux-ha/placement-lint.ts';
import { resourceRuleMistakes } from '../linux-ha/resources-yml.ts';
import { storeMistakes } from '../linux-ha/store-yml.ts';
import { placeOf, type YamlFile } from '../linux-ha/yaml-document.ts';
import { agentOf } from '../model/agent.ts';
import { canFenceFrom } from '../model/fencing.ts';
import type { ClusterDescription } from '../model/inventory.ts';
import { promotedAgents } from '../model/known-agents.ts';
import { leastLease } from '../model/lease-floor.ts';
import { addressesOf } from '../model/resource-group.ts';
import { serviceKey } from '../model/virtual-service.ts';
import type { NativeCluster } from './schema.ts';

/** Each rule looks at the whole cluster and adds its mistakes where the cause stands in the file. */
type Rule = (yaml: YamlFile, cluster: ClusterDescription, native: NativeCluster) => void;

const thirdVote: Rule = (yaml, { nodes, arbiters, fencing, store }) => {
  if (store !== undefined || nodes.length !== 2 || arbiters.length > 0) return;
  if (nodes.every((node) => nodes.some((from) => canFenceFrom(fencing, from, node)))) return;
  const message = `Cannot form a majority as two nodes need a third vote or fencing: only ${foldHosts(nodes)} would vote`;
  yaml.list.add(yaml.at(['cluster', 'nodes']), message, thirdVoteWays);
};

const votersApart: Rule = (yaml, { nodes, arbiters }) => {
  for (const { name } of arbiters) {
    if (!nodes.includes(name)) continue;
    yaml.list.add(
      yaml.at(['cluster', 'arbiters']),
      `Cannot let "${name}" arbitrate as an arbiter must not be a node: it is one`,
    );
  }
};

const timings: Rule = (yaml, cluster, native) => {
  const { keepalive, deadtime, warntime, initdead, lease } = cluster.timings;
  const at = (name: keyof NonNullable<NativeCluster['timings']>): { line: number; column: number } =>
    yaml.at(['cluster', 'timings', name]);
  const beat = showDuration(keepalive);
  if (keepalive < 1)
    yaml.list.add(at('keepalive'), `Cannot beat every ${beat} as keepalive must be at least 1 ms: it is less`);
  if (deadtime < 2 * keepalive) {
    const hint = 'one lost heartbeat would otherwise kill a node';
    const message = `Cannot take deadtime ${showDuration(deadtime)} as it must be at least two keepalives: keepalive is ${beat}`;
    yaml.list.add(at(native.timings?.deadtime === undefined ? 'keepalive' : 'deadtime'), message, hint);
  }
  if (warntime > deadtime) {
    yaml.list.add(
      at('warntime'),
      `Cannot warn after ${showDuration(warntime)} as that must be before deadtime: that is ${showDuration(deadtime)}`,
    );
  }
  if (initdead < deadtime) {
    yaml.list.add(
      at('initdead'),
      `Cannot take initdead ${showDuration(initdead)} as it must not be shorter than deadtime: that is ${showDuration(deadtime)}`,
    );
  }
  if (lease < 2 * keepalive && (native.timings?.lease !== undefined || deadtime >= 2 * keepalive)) {
    const hint = 'one lost renewal would otherwise cost the lease';
    yaml.list.add(
      at('lease'),
      `Cannot hold a lease of ${showDuration(lease)} as it must last at least two keepalives: keepalive is ${beat}`,
      hint,
    );
  }
};

const farArbiter: Rule = (yaml, cluster, native) => {
  const least = leastLease(cluster);
  const { lease } = cluster.timings;
  if (lease >= least) return;
  const trip = showDuration(Math.max(...cluster.arbiters.map(({ roundTrip }) => roundTrip ?? 0)));
  const said = native.arbiter_round_trip === undefined ? `${trip}, as none is said` : trip;
  yaml.list.add(
    yaml.at(['cluster', 'timings', 'lease']),
    `Cannot hold a lease of ${showDuration(lease)} as the arbiter's answers must be able to renew it: at a round trip of ${said}, that takes ${showDuration(least)}`,
    'leave the lease out, or say how near the arbiter is: arbiter_round_trip',
  );
};

const preferredNodes: Rule = (yaml, { groups, nodes }) => {
  for (const { name, preferred } of groups) {
    if (nodes.includes(preferred)) continue;
    const guess = nearest(preferred, nodes);
    const message = `Cannot prefer "${preferred}" for "${name}" as it must be a node of the cluster: it is not (known: ${foldHosts(nodes)})`;
    yaml.list.add(yaml.at(['cluster', 'groups', name, 'preferred']), message, guess && `did you mean "${guess}"?`);
  }
};

const uniqueResources: Rule = (yaml, { groups }) => {
  const owners = new Map<string, string>();
  for (const group of groups) {
    for (const [index, resource] of group.resources.entries()) {
      const key = resource.kind === 'address' ? resource.address : [resource.agent, ...resource.args].join('::');
      // Only addresses are unique by nature; agents without arguments (MailTo, Delay) may well be in several groups, unless one names the group.
      const names = resource.kind === 'address' || (index === 0 && addressesOf(group).length === 0);
      const owner = owners.get(key);
      if (names && owner !== undefined) {
        const at = yaml.at(['cluster', 'groups', group.name, 'resources', index]);
        yaml.list.add(
          at,
          `Cannot add ${key} to "${group.name}" as it must be in one group only: "${owner}" has it too`,
        );
      }
      if (names) owners.set(key, group.name);
    }
  }
};

const promoted: Rule = (yaml, { groups }) => {
  for (const group of groups) {
    for (const [index, resource] of group.resources.entries()) {
      const agent = resource.kind === 'agent' ? agentOf(resource) : undefined;
      if (agent === undefined || !('kind' in agent) || agent.kind !== 'ocf' || agent.provider !== 'heartbeat') continue;
      if (!Object.hasOwn(promotedAgents, agent.type)) continue;
      yaml.list.add(
        yaml.at(['cluster', 'groups', group.name, 'resources', index]),
        `Cannot run "ocf:heartbeat:${agent.type}" in "${group.name}" as a resource must run on one node at a time: this agent starts replicas, one of which it wants promoted`,
        promotedAgents[agent.type],
      );
    }
  }
};

const localNetworks: Rule = (yaml, cluster) => {
  for (const group of cluster.groups) {
    for (const [index, resource] of group.resources.entries()) {
      if (resource.kind !== 'address') continue;
      const at = yaml.at(['cluster', 'groups', group.name, 'resources', index]);
      const all = Object.entries(cluster.nodeAddresses ?? {});
      const owner = all.find(([, addresses]) => addresses.includes(resource.address));
      if (owner !== undefined) {
        yaml.list.add(
          at,
          `Cannot move ${resource.address} with "${group.name}" as it must be no node's own address: "${owner[0]}" has it`,
        );
        continue;
      }
      if (resource.prefix === undefined) continue;
      const network = parseNetwork(`${resource.address}/${resource.prefix}`)!;
      const outside = all.filter(([, addresses]) => {
        const same = addresses.map((address) => parseIp(address)!).filter(({ version }) => version === network.version);
        // A node whose addresses of this version the inventory does not know may well have one.
        return same.length > 0 && !same.some((ip) => networkContains(network, ip));
      });
      if (outside.length === 0) continue;
      const message = `Cannot move ${resource.address}/${resource.prefix} with "${group.name}" as it must be in a network of every node`;
      yaml.list.add(
        at,
        `${message}: ${foldHosts(outside.map(([name]) => name))} has only ${outside[0]![1].join(', ')}`,
      );
    }
  }
};

const services: Rule = (yaml, cluster) => {
  const keys = cluster.services.map(serviceKey);
  const held = new Set(cluster.groups.flatMap((group) => addressesOf(group).map(({ address }) => address)));
  for (const [index, service] of cluster.services.entries()) {
    const path = ['cluster', 'services', service.name];
    const vip = yaml.at([...path, 'vip']);
    const twin = keys.indexOf(keys[index]!);
    if (twin !== index) {
      yaml.list.add(
        vip,
        `Cannot serve "${service.name}" at ${keys[index]} as only one service may be there: "${cluster.services[twin]!.name}" is`,
      );
    }
    if (!held.has(service.address)) {
      const message = `Cannot serve "${service.name}" as a resource group must hold ${service.address}: none does`;
      yaml.list.add(vip, message, `add ${service.address} to the resources of a group`);
    }
    if (service.realServers.length === 0) {
      if (yaml.list.mistakes.length === 0)
        yaml.list.add(
          yaml.at([...path, 'real']),
          `Cannot balance "${service.name}" as there must be a real server: there is none`,
        );
    } else if (service.realServers.every(({ weight }) => weight === 0)) {
      yaml.list.add(
        yaml.at([...path, 'real']),
        `Cannot balance "${service.name}" as one weight at least must be above 0: all are 0`,
      );
    }
    if (service.check.timeout > service.check.interval * service.check.fall * 10) {
      const [timeout, interval] = [showDuration(service.check.timeout), showDuration(service.check.interval)];
      yaml.list.add(
        yaml.at([...path, 'check', 'timeout']),
        `Cannot wait ${timeout} for a check as it is repeated every ${interval}: that is far too long`,
      );
    }
  }
};

const leaseStore: Rule = (yaml, cluster) => {
  for (const { about, message, hint } of storeMistakes(cluster)) {
    const path = about === 'lease' ? ['timings', 'lease'] : [about];
    yaml.list.add(yaml.at(['cluster', ...path]), message, hint);
  }
  if (cluster.store !== undefined && cluster.engine !== 'muster')
    yaml.list.add(
      yaml.at(['cluster', 'store']),
      'Cannot keep leases in a store as only musterd knows them: the engine is linux-ha',
    );
};

const placement: Rule = (yaml, cluster) => {
  if (cluster.placement === undefined) return;
  const names = cluster.groups.map(({ name }) => name);
  for (const { path, message, hint } of placementMistakes(cluster.placement, cluster.nodes, names)) {
    yaml.list.add(placeOf(yaml, ['cluster', 'placement', ...path]), message, hint);
  }
};

const resourceRules: Rule = (yaml, { resources, groups }) => {
  if (resources === undefined) return;
  for (const { path, message, hint } of resourceRuleMistakes(resources, groups))
    yaml.list.add(placeOf(yaml, ['cluster', 'resources', ...path]), message, hint);
};

const monitors: Rule = (yaml, { monitors: said = [], alerts = [], groups }) => {
  const names = groups.map(({ name }) => name);
  for (const { path, message, hint } of monitorMistakes(said, alerts, names))
    yaml.list.add(placeOf(yaml, ['cluster', 'monitors', ...path]), message, hint);
};

const fencing: Rule = (yaml, { fencing: said, nodes, resources, engine }) => {
  if (said === undefined) return;
  const base = ['cluster', 'fencing'];
  for (const { path, message, hint } of fencingMistakes(said, nodes, resources))
    yaml.list.add(placeOf(yaml, [...base, ...path]), message, hint);
  for (const [index, line] of said.lines.entries()) {
    if (line.directive === 'stonith' || line.from === '*' || nodes.includes(line.from)) continue;
    const list = Array.isArray((yaml.data as { cluster: NativeCluster }).cluster.fencing) ? [] : ['stonith_host'];
    const message = `Cannot let "${line.from}" fence as it must be a node, or "*" for all: it is neither (known: ${foldHosts(nodes)})`;
    yaml.list.add(yaml.at([...base, ...list, index]), message);
  }
  if (engine === 'linux-ha' && said.devices.length > 0)
    yaml.list.add(
      yaml.at([...base, 'devices']),
      'Cannot fence by devices of fence-agents as only musterd knows them: the engine is linux-ha',
      'heartbeat knows "stonith_host"',
    );
};

const rules: readonly Rule[] = [
  fencing,
  placement,
  resourceRules,
  monitors,
  leaseStore,
  thirdVote,
  votersApart,
  timings,
  farArbiter,
  preferredNodes,
  uniqueResources,
  promoted,
  localNetworks,
  services,
];

/** Looks at the whole cluster for what cannot work together; mistakes go to the file's list. */
export function lintCluster(yaml: YamlFile, cluster: ClusterDescription, native: NativeCluster): void {
  for (const rule of rules) rule(yaml, cluster, native);
}
