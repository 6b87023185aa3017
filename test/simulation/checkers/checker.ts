import type { Effect } from '../../../src/core/effect.ts';
import type { Event } from '../../../src/core/event.ts';
import type { Machine } from '../machine.ts';
import type { World } from '../world.ts';

/** Watches a run for one thing that must always hold; throws Violation where it does not. */
export interface Checker {
  readonly name: string;
  /** A kernel has applied a grant or a close for these groups. */
  gateChanged?(world: World, machine: Machine, groups: readonly string[]): void;
  /** A core has taken a step; its effects are not performed yet. */
  stepped?(world: World, machine: Machine, event: Event, effects: readonly Effect[]): void;
  /** The run is over; all was healed long ago. */
  ended?(world: World): void;
}
