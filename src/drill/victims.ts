/** Which machines a scenario may break. Pure. */
import { Problem } from '../base/problem.ts';
import type { ClusterDescription, Host } from '../model/inventory.ts';
import type { Scenario } from './scenarios.ts';

const wanted: Readonly<Record<Scenario['victims'], string>> = {
  nodes: 'the cluster must have nodes',
  arbiters: 'one of the hosts must be an arbiter of the cluster',
  store: 'one of the hosts, and none of the nodes, must be an etcd endpoint of the cluster',
};

/** Of all hosts of an inventory those whose turn comes in this scenario. Throws `Problem('drillRefused')` where there are none. */
export function victimsOf(
  scenario: Scenario,
  cluster: Pick<ClusterDescription, 'name' | 'nodes' | 'arbiters' | 'store'>,
  hosts: readonly Host[],
): readonly Host[] {
  const names = {
    nodes: () => cluster.nodes,
    arbiters: () => cluster.arbiters.map(({ name }) => name),
    store: () => storeHosts(cluster, hosts),
  }[scenario.victims]();
  const found = names.flatMap((name) => hosts.filter((host) => host.name === name));
  if (found.length > 0) return found;
  const what = `Cannot drill scenario "${scenario.name}" of cluster "${cluster.name}" as ${wanted[scenario.victims]}`;
  throw new Problem('drillRefused', `${what}: none is`);
}

function storeHosts({ nodes, store }: Pick<ClusterDescription, 'nodes' | 'store'>, hosts: readonly Host[]): string[] {
  if (store?.kind !== 'etcd') return [];
  const endpoints = store.endpoints.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''));
  // What the loss of a node does is another scenario's question.
  return hosts
    .filter(({ name, ssh }) => !nodes.includes(name) && (endpoints.includes(name) || endpoints.includes(ssh.address)))
    .map(({ name }) => name);
}
