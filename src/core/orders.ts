/**
 * What operators want of the cluster, known to every node: a map in which each entry has a version, and of two the higher
 * one stays (last writer wins, after Lamport's clock: a node gives its order a version above all that it has heard of).
 * Every node keeps the whole map on its disk. Beats carry a hash of it, and whoever hears another one sends what it has;
 * so an order outlives the node that it came through, and reaches those that were away.
 */
import type { GroupName, NodeName } from '../model/names.ts';

/**
 * `pin`: a group is to run on a node. `clear`: its failures are forgotten. `maintenance` and `standby`: of a node, or
 * (`about` is '') of the whole cluster. `left`: where a group was when maintenance began (`maintenance.ts`).
 */
export const orderKinds = ['pin', 'clear', 'maintenance', 'standby', 'left'] as const;
export type OrderKind = (typeof orderKinds)[number];

/** One order as it is sent and kept. */
export interface Order {
  readonly kind: OrderKind;
  /** The group or the node; '': the whole cluster. */
  readonly about: string;
  /** A node, or `on`; '': it was taken back, and only its version counts. */
  readonly value: string;
  readonly version: number;
  /** Through which node it came; orders two of the same version. */
  readonly by: NodeName;
  /** Milliseconds for which it still holds; undefined: until it is taken back. */
  readonly remaining?: number | undefined;
}

/** An order before it has a version. */
export type NewOrder = Omit<Order, 'version' | 'by'>;

interface Known extends Omit<Order, 'remaining'> {
  /** Monotonic milliseconds; Infinity: until it is taken back. */
  readonly until: number;
}

/** A node's copy of the map, with what follows from it for whoever asks often. */
export interface OrderBook {
  readonly known: Map<string, Known>;
  /** A hash of all versions; 0: there never was an order. */
  digest: number;
  /** When the next order is over; Infinity: none is about to be. */
  endsAt: number;
  readonly pins: Map<GroupName, NodeName>;
  /** By node, '' is the whole cluster: the version of the order. */
  readonly maintenance: Map<NodeName, number>;
  readonly left: Map<GroupName, { readonly node: NodeName; readonly version: number }>;
  readonly standby: Set<NodeName>;
  /** Per peer: which digest it was last told, when, and how often in a row to no effect. */
  readonly told: Map<NodeName, { readonly digest: number; readonly at: number; readonly tries: number }>;
}

/** More entries than groups and nodes can have; whatever says more is not of this cluster. */
const mostOrders = 2000;

/** The book of a node that has just started, with what its disk says. */
export function newOrderBook(recorded: readonly Order[] | undefined, now: number): OrderBook {
  const book: OrderBook = {
    known: new Map(),
    digest: 0,
    endsAt: Number.POSITIVE_INFINITY,
    pins: new Map(),
    maintenance: new Map(),
    left: new Map(),
    standby: new Set(),
    told: new Map(),
  };
  for (const order of recorded ?? []) take(book, order, now);
  derive(book);
  return book;
}

/** All orders as they are sent and kept, with what is left of their time. */
export function listOrders({ known }: OrderBook, now: number): Order[] {
  return [...known.values()].map(({ until, ...order }) =>
    until === Number.POSITIVE_INFINITY ? order : { ...order, remaining: Math.max(0, Math.ceil(until - now)) },
  );
}

/** An order in force and for how long yet; undefined where there is none, or it was taken back, or is over. */
export function orderOf(
  { known }: OrderBook,
  kind: OrderKind,
  about: string,
  now: number,
): { readonly value: string; readonly remaining: number | null } | undefined {
  const found = known.get(keyOf({ kind, about }));
  if (found === undefined || found.value === '' || now >= found.until) return undefined;
  return { value: found.value, remaining: found.until === Number.POSITIVE_INFINITY ? null : found.until - now };
}

/** Takes up what is newer than what is known; returns that. */
export function takeOrders(book: OrderBook, orders: readonly Order[], now: number): Order[] {
  const fresh = orders.filter((order) => take(book, order, now));
  if (fresh.length > 0) derive(book);
  return fresh;
}

/** These wishes as orders that are newer than all that is known; what is taken back and never was ordered is left out. */
export function makeOrders({ known }: OrderBook, wishes: readonly NewOrder[], by: NodeName): Order[] {
  let version = 0;
  for (const order of known.values()) version = Math.max(version, order.version);
  return wishes
    .filter((wish) => wish.value !== '' || (known.get(keyOf(wish))?.value ?? '') !== '')
    .map((wish): Order => ({ ...wish, version: ++version, by }));
}

/**
 * Takes back what is over. That is an order, too: clocks run at different rates, so that the first one to find it over tells
 * the others, or a group would be tossed between those who think so and those who do not yet.
 */
export function ordersOver({ known, endsAt }: OrderBook, now: number): NewOrder[] {
  if (now < endsAt) return [];
  return [...known.values()]
    .filter(({ value, until }) => value !== '' && now >= until)
    .map(({ kind, about }) => ({ kind, about, value: '' }));
}

function take({ known }: OrderBook, order: Order, now: number): boolean {
  const key = keyOf(order);
  const before = known.get(key);
  if (before !== undefined && !isNewer(order, before)) return false;
  if (before === undefined && known.size >= mostOrders) return false;
  const { kind, about, value, version, by, remaining } = order;
  known.set(key, { kind, about, value, version, by, until: now + (remaining ?? Number.POSITIVE_INFINITY) });
  return true;
}

function isNewer(order: Pick<Order, 'version' | 'by'>, before: Pick<Order, 'version' | 'by'>): boolean {
  return order.version > before.version || (order.version === before.version && order.by > before.by);
}

function keyOf({ kind, about }: Pick<Order, 'kind' | 'about'>): string {
  return `${kind} ${about}`;
}

function derive(book: OrderBook): void {
  book.pins.clear();
  book.maintenance.clear();
  book.left.clear();
  book.standby.clear();
  book.endsAt = Number.POSITIVE_INFINITY;
  for (const { kind, about, value, version, until } of book.known.values()) {
    if (value === '') continue;
    book.endsAt = Math.min(book.endsAt, until);
    if (kind === 'pin') book.pins.set(about, value);
    else if (kind === 'maintenance') book.maintenance.set(about, version);
    else if (kind === 'left') book.left.set(about, { node: value, version });
    else if (kind === 'standby') book.standby.add(about);
  }
  book.digest = digestOf(book);
}

/** FNV-1a (Fowler, Noll, Vo) over keys and versions: how much of its time is left differs from node to node. */
function digestOf({ known }: OrderBook): number {
  if (known.size === 0) return 0;
  let hash = 0x811c9dc5;
  for (const key of [...known.keys()].sort()) {
    const { version, by } = known.get(key)!;
    for (const character of `${key} ${version} ${by}\n`)
      hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return hash === 0 ? 1 : hash;
}
