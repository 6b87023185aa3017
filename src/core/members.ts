/** Who and what a cluster's leases depend on, by name: what `what-if` can take away. */
import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';

/** The name of the cluster's lease store, where it has one: its kind, or that with a mark where a node has this name. */
export function storeOf({ nodes, store }: Cluster): NodeName | undefined {
  if (store === undefined) return undefined;
  return nodes.includes(store.kind) ? `${store.kind}-store` : store.kind;
}

/** The nodes, the arbiters, and the lease store. */
export function membersOf(cluster: Cluster): NodeName[] {
  const store = storeOf(cluster);
  return [...cluster.nodes, ...cluster.arbiters.map(({ name }) => name), ...(store === undefined ? [] : [store])];
}
