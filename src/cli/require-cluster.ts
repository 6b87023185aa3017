import { Problem } from '../base/problem.ts';
import { loadInventory } from '../inventory/load.ts';
import { openLab } from '../lab/lab.ts';
import type { ClusterDescription, Host, Inventory } from '../model/inventory.ts';

export interface ClusterInventory {
  readonly inventory: Inventory;
  readonly cluster: ClusterDescription;
  /** The hosts that are the cluster's nodes, in its order. */
  readonly nodes: readonly Host[];
}

/** The cluster of an inventory, without a look at whether anything of it runs. Throws `Problem('badInput')` where it has none. */
export async function loadClusterDescription(file: string): Promise<ClusterDescription> {
  return clusterOf(await loadInventory(file), file);
}

function clusterOf({ cluster }: Inventory, file: string): ClusterDescription {
  if (cluster !== undefined) return cluster;
  throw new Problem('badInput', `Cannot use inventory "${file}" as it must describe a cluster: it has only hosts`, {
    hint: 'add a section "cluster:", as in inventory/lab.yml',
  });
}

/**
 * Loads an inventory that has to describe a cluster. Throws `Problem('badInput')` where it does not, and
 * `hostUnreachable` where its nodes are a lab's and that lab is not up.
 */
export async function loadClusterInventory(file: string, lab: string | undefined): Promise<ClusterInventory> {
  const found = await hostsOfCluster(file);
  await requireItsLab(found, lab);
  return found;
}

/** Where the nodes of a cluster are a lab's, that lab has to be up. Throws `Problem('hostUnreachable')` where it is not. */
export async function requireItsLab({ nodes }: ClusterInventory, lab: string | undefined): Promise<void> {
  if (nodes.some((host) => host.connection === 'lab')) await openLab(lab);
}

/** The same, also where its nodes are a lab's that is not up. */
export async function hostsOfCluster(file: string): Promise<ClusterInventory> {
  const inventory = await loadInventory(file);
  const cluster = clusterOf(inventory, file);
  const nodes = cluster.nodes.flatMap((name) => inventory.hosts.filter((host) => host.name === name));
  return { inventory, cluster, nodes };
}
