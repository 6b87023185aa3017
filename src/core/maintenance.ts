/**
 * Maintenance: whatever runs is let alone, on the whole cluster or on one node. Leases go on being renewed by who has them,
 * nothing is handed over, and nobody takes over but the node that had a group when maintenance began; it writes that down
 * with the orders, so that its musterd may restart and finds it again.
 */
import type { GroupName, NodeName } from '../model/names.ts';
import { giveOrders } from './give-orders.ts';
import type { NodeState } from './state.ts';

/** Whether a node is in maintenance, alone or with all others. */
export function inMaintenance({ orders }: NodeState, node: NodeName): boolean {
  const { maintenance } = orders;
  return maintenance.size > 0 && (maintenance.has('') || maintenance.has(node));
}

/**
 * Who alone may have a group, as maintenance says: a node; nobody; or (undefined) maintenance says nothing about it. An
 * entry that is older than the order for maintenance tells where the group was in an earlier one.
 */
export function leftTo({ orders }: NodeState, group: GroupName): NodeName | 'nobody' | undefined {
  const { maintenance, left } = orders;
  if (maintenance.size === 0) return undefined;
  const entry = left.get(group);
  const whole = maintenance.get('');
  if (entry !== undefined) {
    const own = maintenance.get(entry.node);
    if (own !== undefined && entry.version > own) return entry.node;
    if (whole !== undefined && entry.version > whole) return entry.node;
  }
  return whole === undefined ? undefined : 'nobody';
}

/** Writes down which groups are held here when maintenance begins; to be called in every step. */
export function noteLeft(state: NodeState, now: number): void {
  if (state.role !== 'node' || !inMaintenance(state, state.self)) return;
  const held: GroupName[] = [];
  for (const { name, claim } of state.groups.values())
    if (claim.phase === 'holding' && claim.gateOpen && leftTo(state, name) !== state.self) held.push(name);
  if (held.length === 0) return;
  giveOrders(
    state,
    held.map((about) => ({ kind: 'left' as const, about, value: state.self })),
    now,
  );
}
