/** What is said to etcd's JSON gateway (etcd 3.4 and newer, /v3): bytes in base64, 64-bit numbers as text. */
import type { StoreAnswer, StoreRecord, StoreWrite } from '../../core/store-record.ts';
import type { GroupName } from '../../model/names.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export function keyOf(cluster: string, group: GroupName): string {
  return `/muster/${encodeURIComponent(cluster)}/leases/${encodeURIComponent(group)}`;
}

interface Range {
  readonly kvs?: readonly { readonly mod_revision: string; readonly value: string }[];
}

/** The parts of a transaction's answer that are looked at. */
export interface TxnAnswer {
  readonly header: { readonly revision: string };
  readonly succeeded?: boolean;
  readonly responses?: readonly {
    readonly response_range?: Range;
    readonly response_txn?: TxnAnswer;
  }[];
}

/** A transaction that reads these groups' keys; linearizable, as all reads of a transaction are that do not say otherwise. */
export function readRequest(cluster: string, groups: readonly GroupName[]): object {
  return { success: groups.map((group) => ({ request_range: { key: base64(keyOf(cluster, group)) } })) };
}

/** One transaction with one inside it per group, so that a group that somebody else has does not hold up the others. */
export function writeRequest(cluster: string, writes: readonly StoreWrite[]): object {
  return {
    success: writes.map(({ group, expected, record }) => {
      const key = base64(keyOf(cluster, group));
      // The revision of a key that is not there counts as 0.
      const compare = [{ key, target: 'MOD', result: 'EQUAL', mod_revision: expected === '' ? '0' : expected }];
      const put = { request_put: { key, value: base64(JSON.stringify(record)) } };
      return { request_txn: { compare, success: [put], failure: [{ request_range: { key } }] } };
    }),
  };
}

export function readAnswers(groups: readonly GroupName[], answer: TxnAnswer): StoreAnswer[] {
  return groups.map((group, index) => ({ group, ok: true, ...versionOf(answer.responses?.[index]?.response_range) }));
}

/** A record that is there with the nonce that was to be written is this very write, whose first answer was lost. */
export function writeAnswers(writes: readonly StoreWrite[], answer: TxnAnswer): StoreAnswer[] {
  return writes.map(({ group, record }, index) => {
    const inner = answer.responses?.[index]?.response_txn;
    if (inner === undefined) throw new Error('etcd has answered a transaction with something else');
    if (inner.succeeded === true) return { group, ok: true, version: answer.header.revision, record };
    const there = versionOf(inner.responses?.[0]?.response_range);
    return { group, ok: there.record?.nonce === record.nonce, ...there };
  });
}

function versionOf(range: Range | undefined): Pick<StoreAnswer, 'version' | 'record'> {
  const [found] = range?.kvs ?? [];
  if (found === undefined) return { version: '', record: undefined };
  return { version: found.mod_revision, record: parseRecord(Buffer.from(found.value, 'base64').toString()) };
}

/** Undefined where somebody else has written there: then it is left alone for a lease, and written over. */
function parseRecord(text: string): StoreRecord | undefined {
  try {
    const { holder, to, incarnation, nonce, lease } = JSON.parse(text) as Record<string, unknown>;
    const name = (value: unknown): boolean => value === undefined || typeof value === 'string';
    if (!name(holder) || !name(to) || typeof incarnation !== 'string' || typeof nonce !== 'string') return undefined;
    if (typeof lease !== 'number' || !(lease >= 0)) return undefined;
    return { holder, to, incarnation, nonce, lease } as StoreRecord;
  } catch {
    return undefined;
  }
}
