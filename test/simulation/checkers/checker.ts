import type { Effect } from '../../../src/core/effect.ts';
import type { Event } from '../../../src/core/event.ts';
import type { Message } from '../../../src/core/message.ts';
import type { Action } from '../../../src/core/resources/event.ts';
import type { StoreRecord } from '../../../src/core/store-record.ts';
import type { Datagram, Machine } from '../machine.ts';
import type { World } from '../world.ts';

/** Watches a run for one thing that must always hold; throws Violation where it does not. */
export interface Checker {
  readonly name: string;
  /** A fault begins or ends, a machine starts, all is healed. */
  caused?(world: World): void;
  /** A machine took a datagram for fresh and authentic, and is about to act on this message. */
  accepted?(world: World, machine: Machine, datagram: Datagram, message: Message): void;
  /** A kernel has applied a grant or a close for these groups. */
  gateChanged?(world: World, machine: Machine, groups: readonly string[]): void;
  /** The lease store has replaced a record. */
  stored?(world: World, group: string, record: StoreRecord): void;
  /** A core has taken a step; its effects are not performed yet. */
  stepped?(world: World, machine: Machine, event: Event, effects: readonly Effect[]): void;
  /** An agent is about to be run for a resource (its group and place). */
  agentBegins?(world: World, machine: Machine, group: string, key: string, action: Action): void;
  /** The run is over; all was healed long ago. */
  ended?(world: World): void;
}
