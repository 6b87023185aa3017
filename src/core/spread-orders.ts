/** Brings orders to the nodes that do not have them (`orders.ts` says what they are). */
import { send } from './beats.ts';
import { noteOrders } from './give-orders.ts';
import { isAlive } from './membership.ts';
import type { Message } from './message.ts';
import { listOrders, type Order } from './orders.ts';
import { type NodeState, type Peer, wakeBy } from './state.ts';

/** So many of the longest names fit into one datagram. */
const mostInOne = 64;
/** The longest pause between two tries with a peer that does not learn: one of an older version never does. Milliseconds. */
const longestPause = 10_000;

/** Tells each node whose beats show another book; to be called in every step. */
export function spreadOrders(state: NodeState, now: number): void {
  const { orders } = state;
  if (orders.digest === 0 || state.role !== 'node') return;
  let list: Order[] | undefined;
  for (const peer of state.peers.values()) {
    if (peer.role !== 'node' || !isAlive(peer) || peer.beat === undefined) continue;
    if ((peer.beat.orders ?? 0) === orders.digest) {
      orders.told.delete(peer.name);
      continue;
    }
    const due = dueAt(state, peer);
    if (now < due) {
      wakeBy(state, due);
      continue;
    }
    list ??= listOrders(orders, now);
    for (let from = 0; from < list.length; from += mostInOne)
      send(state, peer, { kind: 'orders', orders: list.slice(from, from + mostInOne) }, now);
    const told = orders.told.get(peer.name);
    const tries = told?.digest === orders.digest ? told.tries + 1 : 1;
    orders.told.set(peer.name, { digest: orders.digest, at: now, tries });
    wakeBy(state, dueAt(state, peer));
  }
}

/** At once where it was not told yet, then after ever longer pauses: its next beat shows whether it has learned. */
function dueAt({ orders, cluster }: NodeState, { name }: Peer): number {
  const told = orders.told.get(name);
  if (told === undefined || told.digest !== orders.digest) return Number.NEGATIVE_INFINITY;
  return told.at + Math.min(longestPause, cluster.timings.keepalive * 2 ** told.tries);
}

/** What a peer has; returns what of it was new here. */
export function onOrders(state: NodeState, { orders }: Extract<Message, { kind: 'orders' }>, now: number): Order[] {
  return state.role === 'node' ? noteOrders(state, orders, now) : [];
}
