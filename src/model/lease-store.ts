/** Where the leases of the groups lie, in a cluster whose nodes do not vote on them. */
export type LeaseStore =
  | {
      readonly kind: 'etcd';
      /** `http://10.0.0.5:2379`; the next one is asked where one does not answer. */
      readonly endpoints: readonly string[];
      /** Files in PEM on every node: whom to trust, and the client certificate with its key. */
      readonly ca?: string | undefined;
      readonly certificate?: string | undefined;
      readonly key?: string | undefined;
    }
  | {
      readonly kind: 'disk';
      /** A block device that all nodes share, by a name that is the same on all (`/dev/disk/by-id/...`). */
      readonly device: string;
      /** `scsi`: whoever takes a group over also takes the reservation (SCSI-3, type 5) and thereby locks the loser out. */
      readonly reservation: 'none' | 'scsi';
    };

export type StoreKind = LeaseStore['kind'];

/** Which store it is, in words that differ where the leases would be others: for people, and to tell that it changed. */
export function storeWhere(store: LeaseStore | undefined): string {
  if (store === undefined) return '';
  return store.kind === 'disk' ? `disk ${store.device}` : `etcd ${[...store.endpoints].sort().join(', ')}`;
}

/**
 * The shortest lease per store, in milliseconds, and what holds without a word of the operator. Etcd elects a new leader in
 * one to two seconds, and nothing can be renewed meanwhile; a disk behind a fabric may pause for as long when a path fails.
 */
export const storeLeases: Readonly<Record<StoreKind, { readonly least: number; readonly usual: number }>> = {
  etcd: { least: 2000, usual: 4000 },
  disk: { least: 1000, usual: 3000 },
};

/** Between two renewals, and between two looks at the leases of others, of leases that last `lease` milliseconds. */
export function storeIntervals(lease: number): { readonly renew: number; readonly look: number } {
  return { renew: lease / 6, look: lease / 10 };
}

/**
 * How long a group is held by nobody at most when its holder dies and a store is healthy, in milliseconds: the lease from
 * the moment at which a challenger sees its last renewal, then one arming and one write.
 */
export function storeBound(lease: number, driftBound: number): number {
  const { look } = storeIntervals(lease);
  return Math.ceil(lease * (1 + 2 * driftBound) + 2 * look + 500);
}

/** How many groups one sector of 512 bytes holds, and how many nodes a quorum disk has room for. */
export const diskGroups = 10;
export const diskNodes = 24;
