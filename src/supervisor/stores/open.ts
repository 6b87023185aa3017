import { join } from 'node:path';
import type { Cluster } from '../../model/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import { DiskStore } from './disk.ts';
import { DeviceBlocks } from './disk-blocks.ts';
import { ScsiReservation } from './scsi.ts';
import type { Store } from './store.ts';

/** The cluster's lease store as this node uses it; undefined where its nodes vote. TLS is loaded for etcd alone. */
export async function openStore(
  { store, name: cluster, nodes, groups, timings: { lease } }: Cluster,
  self: NodeName,
  incarnation: string,
  runDir: string,
  onTrouble: (why: string) => void,
): Promise<Store | undefined> {
  if (store === undefined) return undefined;
  if (store.kind === 'etcd') {
    const { EtcdStore } = await import('./etcd.ts');
    return new EtcdStore({ settings: store, cluster, lease, onTrouble });
  }
  const { device } = store;
  const names = groups.map(({ name }) => name);
  const blocks = new DeviceBlocks(device, join(runDir, 'quorum-disk.lock'));
  const reservation = store.reservation === 'scsi' ? new ScsiReservation({ device, cluster, lease }) : undefined;
  const options = { device, cluster, self, nodes, groups: names, incarnation, lease, onTrouble };
  return new DiskStore(options, blocks, reservation);
}
