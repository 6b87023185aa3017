import { listOrders, makeOrders, type NewOrder, type Order, takeOrders } from './orders.ts';
import type { NodeState } from './state.ts';

/** Gives orders in this node's name; each replaces what was ordered about the same before. Returns those that are new. */
export function giveOrders(state: NodeState, wishes: readonly NewOrder[], now: number): Order[] {
  return noteOrders(state, makeOrders(state.orders, wishes, state.self), now);
}

/** Takes up what is newer than what is known, from an operator or a peer, and has it kept and told. Returns that. */
export function noteOrders(state: NodeState, orders: readonly Order[], now: number): Order[] {
  const fresh = takeOrders(state.orders, orders, now);
  if (fresh.length === 0) return [];
  state.beat = undefined;
  state.beatNow = true;
  state.effects.push({ type: 'persistOrders', orders: listOrders(state.orders, now) });
  return fresh;
}
