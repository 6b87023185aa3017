/** `store:` of muster.yml: where the leases lie when the nodes do not vote on them. */
import { showDuration } from '../base/duration.ts';
import type { Cluster } from '../model/cluster.ts';
import { diskGroups, type LeaseStore, storeLeases } from '../model/lease-store.ts';
import type { Path } from './yaml-document.ts';

/** What of muster.yml's reader is needed; each method notes what does not fit. */
interface Reader {
  wrong(path: Path, wanted: string, seen: unknown): undefined;
  map(value: unknown, path: Path, known: readonly string[] | undefined): Readonly<Record<string, unknown>>;
  list(value: unknown, path: Path): readonly unknown[];
  text(value: unknown, path: Path): string | undefined;
}

const keysOf = { etcd: ['kind', 'endpoints', 'ca', 'certificate', 'key'], disk: ['kind', 'device', 'reservation'] };

/** Whether it is a scheme, a host and a port, with nothing behind. */
export function isEndpoint(text: string): boolean {
  return /^https?:\/\/(\[[0-9a-fA-F:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(:\d{1,5})?$/.test(text) && URL.canParse(text);
}

/** The whole of `store:`; undefined where it is left out or wrong. */
export function readStore(reader: Reader, value: unknown): LeaseStore | undefined {
  if (value === undefined || value === null) return undefined;
  const kind = reader.map(value, ['store'], undefined).kind;
  if (kind !== 'etcd' && kind !== 'disk') return reader.wrong(['store', 'kind'], 'etcd or disk', kind);
  const fields = reader.map(value, ['store'], keysOf[kind]);
  const file = (key: string): string | undefined => {
    if (fields[key] === undefined) return undefined;
    const text = reader.text(fields[key], ['store', key]);
    return text === undefined || text.startsWith('/')
      ? text
      : reader.wrong(['store', key], 'the whole path of a file', text);
  };
  if (kind === 'disk') {
    const device = file('device');
    const reservation = fields.reservation ?? 'none';
    if (reservation !== 'none' && reservation !== 'scsi')
      return reader.wrong(['store', 'reservation'], 'none or scsi', reservation);
    if (device === undefined) return reader.wrong(['store', 'device'], 'the whole path of a file', fields.device);
    return { kind, device, reservation };
  }
  const endpoints = reader.list(fields.endpoints, ['store', 'endpoints']).flatMap((item, index) => {
    if (typeof item === 'string' && isEndpoint(item)) return [item];
    return reader.wrong(['store', 'endpoints', index], 'a URL like http://10.0.0.5:2379', item) ?? [];
  });
  if (endpoints.length === 0) return reader.wrong(['store', 'endpoints'], 'one URL at least', fields.endpoints);
  return { kind, endpoints, ca: file('ca'), certificate: file('certificate'), key: file('key') };
}

/** The lease where nobody says one. */
export function usualLease(store: LeaseStore | undefined): number {
  return store === undefined ? 0 : storeLeases[store.kind].usual;
}

/** What of a cluster with a store cannot work together; `about` says which key is to blame. */
export function storeMistakes({
  store,
  arbiters,
  timings: { lease },
  groups,
}: Pick<Cluster, 'store' | 'arbiters' | 'timings' | 'groups'>): {
  readonly about: 'lease' | 'arbiters' | 'store' | 'groups';
  readonly message: string;
  readonly hint: string;
}[] {
  if (store === undefined) return [];
  const mistakes: ReturnType<typeof storeMistakes> = [];
  const { least } = storeLeases[store.kind];
  if (lease < least)
    mistakes.push({
      about: 'lease',
      message: `Cannot hold a lease of ${showDuration(lease)} as one in ${store.kind} must last at least ${showDuration(least)}: it is shorter`,
      hint:
        store.kind === 'etcd'
          ? 'nothing can be renewed while etcd elects a leader'
          : 'nothing can be renewed while a path to a disk fails over',
    });
  if (arbiters.length > 0)
    mistakes.push({
      about: 'arbiters',
      message: 'Cannot ask arbiters as the leases of this cluster lie in its store: nobody votes',
      hint: 'leave out "arbiters", or "store"',
    });
  if (store.kind === 'disk' && groups.length > diskGroups)
    mistakes.push({
      about: 'groups',
      message: `Cannot keep ${groups.length} groups on a quorum disk as a node's sector must hold all of them: it holds ${diskGroups}`,
      hint: 'put what moves together into one group',
    });
  if (store.kind === 'etcd' && (store.certificate === undefined) !== (store.key === undefined))
    mistakes.push({
      about: 'store',
      message: 'Cannot show etcd a certificate as it must come with its key: only one of the two is there',
      hint: 'give both "certificate" and "key"',
    });
  return mistakes;
}
