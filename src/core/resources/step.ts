/**
 * The life of resources on one node: started in order, stopped in reverse, looked after, started again or given up when
 * they fail. Nothing here is a script of steps: each time something has happened, the next thing to do follows from what is
 * wished and what is known of each resource. So a musterd that starts in the middle of anything goes on from there. It
 * holds at all times:
 *
 *   - one operation a resource at once, and one start or stop a group;
 *   - a resource starts only while all before it run, and stops only once all behind it are stopped;
 *   - what may run in part (a start that failed or was killed, what ended by itself) is stopped before it is started;
 *   - `stopped` is said only when every resource is known to be stopped; one that cannot be stopped asks for fencing.
 */
import type { GroupPhase, ResourceEffect, ResourceEvent } from './event.ts';
import { forgetFailures, giveUpIfBarred } from './failures.ts';
import { begin, cancel } from './operation.ts';
import { takeOutcome } from './outcome.ts';
import { type Managed, type ManagedGroup, type ResourceState, wakeBy } from './state.ts';

/** What happened, and what is to be done about it, in order; `wake` of the state says when it wants a tick. */
export function stepResources(state: ResourceState, event: ResourceEvent, now: number): readonly ResourceEffect[] {
  state.effects = [];
  state.wake = Number.POSITIVE_INFINITY;
  take(state, event, now);
  for (const group of state.groups.values()) {
    expireOperations(state, group, now);
    forgetFailures(state, group, now);
    advance(state, group, now);
    report(state, group);
  }
  return state.effects;
}

function take(state: ResourceState, event: ResourceEvent, now: number): void {
  if (event.type === 'want') {
    const group = state.groups.get(event.group);
    if (group === undefined) return;
    // Whatever happened while nobody looked has to be looked at.
    if (group.wish === 'leave' && event.wish !== 'leave') lookAgain(group);
    group.wish = event.wish;
    group.urgently = event.urgently === true;
  } else if (event.type === 'clear') {
    const group = state.groups.get(event.group);
    if (group === undefined) return;
    for (const resource of group.resources) {
      Object.assign(resource, {
        failures: 0,
        lastFailure: '',
        failedStops: 0,
        stopAt: 0,
        stuck: false,
        ignored: false,
      });
      if (resource.run === 'dirty' && resource.operation === undefined) resource.run = 'unknown';
    }
  } else if (event.type === 'done') {
    for (const group of state.groups.values())
      for (const resource of group.resources)
        if (resource.operation?.id === event.id) takeOutcome(state, group, resource, event.outcome, now);
  }
}

function lookAgain(group: ManagedGroup): void {
  for (const resource of group.resources) if (resource.operation === undefined) resource.run = 'unknown';
}

function expireOperations(state: ResourceState, group: ManagedGroup, now: number): void {
  for (const resource of group.resources) {
    const { operation } = resource;
    if (operation === undefined) continue;
    if (now < operation.deadline) wakeBy(state, operation.deadline);
    else {
      state.effects.push({ type: 'cancel', id: operation.id });
      takeOutcome(state, group, resource, { kind: 'timedOut', text: 'nothing was heard of it' }, now);
    }
  }
}

/** The next thing to do for a group, if there is one. */
function advance(state: ResourceState, group: ManagedGroup, now: number): void {
  const { resources } = group;
  if (group.wish === 'leave') {
    for (const resource of resources) {
      const action = resource.operation?.action;
      if (action === 'monitor' || (action === 'probe' && resource.run === 'stopped')) cancel(state, resource);
    }
    return;
  }
  for (const resource of resources)
    if (resource.run === 'unknown' && resource.operation === undefined) begin(state, group, resource, 'probe', now);
  if (resources.some(({ run }) => run === 'unknown')) return;
  if (group.wish === 'wait') return;
  const barred = giveUpIfBarred(state, group);
  const running = group.wish === 'run' && !barred;
  for (const resource of resources) {
    if (resource.operation?.action !== 'start' || running || !group.urgently) continue;
    cancel(state, resource);
    resource.run = 'dirty';
  }
  const busy = resources.some(({ operation }) => operation !== undefined && operation.action !== 'monitor');
  if (!busy && running) startNext(state, group, now);
  else if (!busy) stopFrom(state, group, 0, now);
  if (!running) return;
  // What comes after one that does not run is about to be stopped, and may well look bad meanwhile.
  for (const resource of resources) {
    if (resource.run !== 'running') break;
    monitor(state, group, resource, now);
  }
}

function startNext(state: ResourceState, group: ManagedGroup, now: number): void {
  const first = group.resources.find(({ run }) => run !== 'running');
  if (first === undefined) return;
  // Whatever comes later needs it, so that goes first; what may run in part is stopped, too.
  const stopped = stopFrom(state, group, first.run === 'stopped' ? first.index + 1 : first.index, now);
  if (stopped) begin(state, group, first, 'start', now);
}

/** Stops the last resource from `index` on that is not stopped; true where none is left. */
function stopFrom(state: ResourceState, group: ManagedGroup, index: number, now: number): boolean {
  const last = group.resources
    .slice(index)
    .reverse()
    .find(({ run }) => run !== 'stopped');
  if (last === undefined) return true;
  if (last.stuck) return false;
  if (now < last.stopAt) wakeBy(state, last.stopAt);
  else {
    if (last.operation !== undefined) cancel(state, last);
    begin(state, group, last, 'stop', now);
  }
  return false;
}

function monitor(state: ResourceState, group: ManagedGroup, resource: Managed, now: number): void {
  if (resource.operation !== undefined || resource.settings.monitorInterval === 0) return;
  if (now < resource.monitorAt) wakeBy(state, resource.monitorAt);
  else begin(state, group, resource, 'monitor', now);
}

function report(state: ResourceState, group: ManagedGroup): void {
  const phase = phaseOf(group);
  if (phase === group.phase) return;
  group.phase = phase;
  state.effects.push({ type: 'phase', group: group.name, phase });
}

function phaseOf({ wish, resources }: ManagedGroup): GroupPhase {
  if (wish === 'leave') return 'left';
  if (resources.length === 0) return wish === 'run' ? 'running' : 'stopped';
  if (resources.some(({ stuck }) => stuck)) return 'stuck';
  if (resources.some(({ run }) => run === 'unknown')) return 'unknown';
  if (resources.every(({ run }) => run === 'stopped')) return 'stopped';
  return resources.every(({ run }) => run === 'running') ? 'running' : 'changing';
}
