import type { Action } from './event.ts';
import { type Managed, type ManagedGroup, type Operation, type ResourceState, wakeBy } from './state.ts';

/** How much later than its time-out an operation's answer may come before nobody waits for it any more; milliseconds. */
const killGrace = 5000;

/** Begins an operation on a resource that has none. `stopSaid` is for the probe that follows a stop. */
export function begin(
  state: ResourceState,
  group: ManagedGroup,
  resource: Managed,
  action: Action,
  now: number,
  stopSaid?: Operation['stopSaid'],
): void {
  const { startTimeout, stopTimeout, monitorTimeout } = resource.settings;
  const timeout = action === 'start' ? startTimeout : action === 'stop' ? stopTimeout : monitorTimeout;
  const id = ++state.lastId;
  resource.operation = { id, action, deadline: now + timeout + killGrace, stopSaid };
  // Until it has ended, a start may have done anything between nothing and all of it.
  if (action === 'start' || action === 'stop') resource.run = 'dirty';
  wakeBy(state, resource.operation.deadline);
  state.effects.push({ type: 'run', id, group: group.name, index: resource.index, action, timeout });
}

/** Ends the operation under way; what it has done so far is the caller's to judge. */
export function cancel(state: ResourceState, resource: Managed): void {
  state.effects.push({ type: 'cancel', id: resource.operation!.id });
  resource.operation = undefined;
}
