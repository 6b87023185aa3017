/** One history out of what each node has kept. Pure. */
import { foldHosts } from '../base/host-range.ts';
import type { GroupName, NodeName } from '../model/names.ts';
import type { JournalLine } from '../wire/journal.ts';

/** One thing that happened; nodes that tell the same are together. */
export interface HistoryEvent {
  /** Unix milliseconds, by the clock of the first node that tells it. */
  readonly time: number;
  /** `moved`, or the journal's word. */
  readonly what: string;
  readonly group?: GroupName | undefined;
  /** Of a move: from where (null: from nowhere, or nobody knows) and to where. */
  readonly from?: NodeName | null | undefined;
  readonly to?: NodeName | undefined;
  /** The node that it is about, where another one tells it. */
  readonly peer?: NodeName | undefined;
  readonly nodes: readonly NodeName[];
  readonly why: string;
}

/** The clocks of nodes differ, and so does when each of them finds out; milliseconds. */
const together = 3000;

/** Tells the moves as moves, with the reason of whoever began them; what several nodes say of one thing is said once. */
export function mergeHistories(lines: readonly JournalLine[]): HistoryEvent[] {
  const ordered = [...lines].sort((left, right) => left.time - right.time);
  const holders = new Map<GroupName, NodeName>();
  const offers = new Map<GroupName, JournalLine>();
  const events: (HistoryEvent & { nodes: NodeName[] })[] = [];
  for (const line of ordered) {
    const { time, what, group, peer, node = '?', why } = line;
    if (what === 'handover' && group !== undefined) {
      offers.set(group, line);
      continue;
    }
    if (what === 'takeover' && group !== undefined) {
      const offer = offers.get(group);
      const handed = offer !== undefined && offer.peer === node && time - offer.time < together ? offer : undefined;
      const from = handed?.node ?? holders.get(group) ?? null;
      offers.delete(group);
      holders.set(group, node);
      const began = from === node ? { what: 'takeover' } : { what: 'moved', from, to: node };
      events.push({ time, ...began, group, nodes: [node], why: handed?.why ?? why });
      continue;
    }
    const same = events.findLast(
      (event) =>
        event.what === what &&
        event.group === group &&
        event.peer === peer &&
        !event.nodes.includes(node) &&
        time - event.time < together &&
        isShared(what),
    );
    if (same !== undefined) same.nodes.push(node);
    else events.push({ time, what, ...(group && { group }), ...(peer && { peer }), nodes: [node], why });
  }
  for (const [group, { time, node = '?', peer, why }] of offers)
    events.push({
      time,
      what: 'handover',
      group,
      from: node,
      to: peer,
      nodes: [node],
      why: `${why}; nobody is known to have taken it`,
    });
  return events.sort((left, right) => left.time - right.time);
}

/** What all nodes find out for themselves. */
function isShared(what: string): boolean {
  return what.startsWith('node-') || what === 'voters' || what === 'maintenance' || what === 'clear';
}

/** `2026-11-23 12:00:01.123  web: node1 -> node2: why`, by the local clock. */
export function showHistoryEvent({ time, what, group, from, to, peer, nodes, why }: HistoryEvent): string {
  const when = `${localTime(time)}  `;
  if (what === 'moved') return `${when}${group}: ${from ?? 'nowhere'} -> ${to}: ${why}`;
  const about = [group, peer].filter((word) => word !== undefined).join(' ');
  return `${when}${foldHosts(nodes)}: ${what}${about === '' ? '' : ` ${about}`}: ${why}`;
}

function localTime(time: number): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
