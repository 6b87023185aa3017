/** What went wrong on many hosts, in few lines. */
import { foldHosts } from '../../base/host-range.ts';
import { endOf, type HostRecord, type HostState } from './host-record.ts';

/** How a host is known in messages beside its name; undefined: only by that. */
export type AddressOf = (host: string) => string | undefined;

function grouped(records: readonly HostRecord[], key: (record: HostRecord) => string): Map<string, HostRecord[]> {
  const groups = new Map<string, HostRecord[]>();
  for (const record of records) groups.set(key(record), [...(groups.get(key(record)) ?? []), record]);
  return groups;
}

/** The error of a host in words that fit others, too: without its name and its address. */
function namelessError({ host, error = '' }: HostRecord, addressOf: AddressOf): string {
  const address = addressOf(host);
  const text = error.replaceAll(`"${host}"`, '<host>');
  return address === undefined || address === host ? text : text.replaceAll(address, '<address>');
}

/** Each error once, with the hosts that it is true for. */
export function errorLines(records: readonly HostRecord[], addressOf: AddressOf): string[] {
  const troubled = records.filter(({ error, state }) => error !== undefined && state !== 'skipped');
  const hint = (record: HostRecord): string => (record.hint === undefined ? '' : `\n  hint: ${record.hint}`);
  return [...grouped(troubled, (record) => namelessError(record, addressOf) + hint(record))].map(([text, hosts]) => {
    const [first] = hosts as [HostRecord];
    return hosts.length === 1
      ? `${first.host}: ${first.error}${hint(first)}`
      : `${foldHosts(hosts.map(({ host }) => host))} (${hosts.length}): ${text}`;
  });
}

const words: Readonly<Record<Exclude<HostState, 'ok'>, string>> = {
  failed: 'failed',
  unreachable: 'unreachable',
  interrupted: 'interrupted',
  skipped: 'not begun',
};

/** `2 of 9 failed: node1 (exit code 1), node2 (timed out)`, a line for each state that is not ok. */
export function summaryLines(records: readonly HostRecord[]): string[] {
  return Object.entries(words).flatMap(([state, word]) => {
    const those = records.filter((record) => record.state === state);
    if (those.length === 0) return [];
    const parts = [...grouped(those, endOf)].map(([end, some]) => {
      const hosts = foldHosts(some.map(({ host }) => host));
      return end === '' ? hosts : `${hosts} (${end})`;
    });
    return [`${those.length} of ${records.length} ${word}: ${parts.join(', ')}`];
  });
}
