/** Which hosts said the same: pure, on digests. */
import type { HostRecord } from './host-record.ts';

/** A host that came to an end, with the digests of what it said. */
export interface FoldEntry {
  readonly record: HostRecord;
  /** Of both streams as they are. */
  readonly digest: string;
}

export interface FoldGroup {
  readonly records: readonly HostRecord[];
  /** The outputs are the same only but for each host's own name. */
  readonly butForNames: boolean;
}

function endKey({ state, rc, signal, timedOut }: HostRecord): string {
  return `${state} ${rc} ${signal} ${timedOut}\n`;
}

function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** Hosts with the same output and end together, in the order of the first of each. */
export function foldExactly(entries: readonly FoldEntry[]): FoldEntry[][] {
  return grouped(entries, (entry) => endKey(entry.record) + entry.digest);
}

/**
 * Joins the groups of one host whose outputs are the same once each host's own name is replaced. `nameless` gives the
 * digest of that; it is asked only for hosts that nobody agrees with. Groups of several hosts stay: they agree to the byte.
 */
export async function foldButForNames(
  groups: readonly (readonly FoldEntry[])[],
  nameless: (entry: FoldEntry) => Promise<string>,
): Promise<FoldGroup[]> {
  const alone = groups.filter((group) => group.length === 1).map((group) => group[0]!);
  const keys = new Map<FoldEntry, string>();
  if (alone.length > 1) {
    for (const entry of alone) keys.set(entry, endKey(entry.record) + (await nameless(entry)));
  }
  const joined = new Map(
    grouped(alone, (entry) => keys.get(entry) ?? '').map((entries) => [entries[0]!, entries] as const),
  );
  return groups.flatMap((group) => {
    const [first] = group;
    const entries = group.length === 1 ? joined.get(first!) : group;
    if (entries === undefined) return [];
    return [{ records: entries.map(({ record }) => record), butForNames: group.length === 1 && entries.length > 1 }];
  });
}

/** What went well first, and of each kind the biggest group first: what failed stands last, beside the prompt. */
export function inOrder(groups: readonly FoldGroup[]): FoldGroup[] {
  const bad = ({ records }: FoldGroup): number => (records[0]!.state === 'ok' ? 0 : 1);
  return [...groups].sort((left, right) => bad(left) - bad(right) || right.records.length - left.records.length);
}
