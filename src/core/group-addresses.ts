/**
 * A lease is for addresses, and its name only says which. Where the configurations of two nodes differ (one is new, one old)
 * one name may mean different addresses, or one address may have two names: a voter that grants by name alone would let
 * both be held at once.
 */
import type { Request } from './message.ts';
import { type Group, longestLease, type NodeState } from './state.ts';
import { liveLease } from './voter.ts';

/**
 * Whether this voter means the same addresses by this name. A node compares with its configuration. An arbiter has none: it
 * takes the sender's word, unless another group that somebody may hold has one of these addresses.
 */
export function meansTheSame(state: NodeState, group: Group, { addresses }: Request, now: number): boolean {
  if (addresses === undefined) return true;
  if (state.role === 'node') return addresses.length === group.addresses.length && isWithin(addresses, group.addresses);
  for (const other of state.groups.values())
    if (
      other !== group &&
      mayBeHeld(state, other, now) &&
      other.addresses.some((address) => addresses.includes(address))
    )
      return false;
  if (isWithin(addresses, group.addresses)) return true;
  if (liveLease(group.slot, now) !== undefined && group.addresses.length > 0) return false;
  group.addresses = addresses;
  return true;
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((address) => all.includes(address));
}

function mayBeHeld(state: NodeState, { slot }: Group, now: number): boolean {
  return liveLease(slot, now) !== undefined || now < slot.promisedAt + longestLease(state);
}
