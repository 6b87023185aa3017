import type { Outcome } from './event.ts';
import { isForgotten, noteFailure, say } from './failures.ts';
import { begin } from './operation.ts';
import type { Managed, ManagedGroup, ResourceState } from './state.ts';

/** Stops that come to nothing before nobody tries again, and the pause between two; milliseconds. */
const stopTries = 3;
const stopPause = 1000;

/** What an operation's end means for its resource. The operation must be the one under way. */
export function takeOutcome(
  state: ResourceState,
  group: ManagedGroup,
  resource: Managed,
  outcome: Outcome,
  now: number,
): void {
  const operation = resource.operation!;
  resource.operation = undefined;
  switch (operation.action) {
    case 'start':
      started(state, group, resource, outcome, now);
      return;
    case 'monitor':
      monitored(state, group, resource, outcome, now);
      return;
    case 'stop': {
      const ok = outcome.kind === 'ok' || outcome.kind === 'notRunning';
      if (!ok) resource.lastFailure = `stop: ${outcome.text}`;
      if (ok && !group.needsFencing) stopped(resource);
      else begin(state, group, resource, 'probe', now, ok ? 'ok' : 'failed');
      return;
    }
    case 'probe':
      if (operation.stopSaid === undefined) probed(state, group, resource, outcome, now);
      else checkedStop(state, group, resource, outcome, operation.stopSaid, now);
  }
}

function started(state: ResourceState, group: ManagedGroup, resource: Managed, outcome: Outcome, now: number): void {
  // `notRunning` of a start is no success: whatever the agent means, the resource does not run.
  if (outcome.kind !== 'ok') noteFailure(state, group, resource, 'start', outcome, now);
  if (outcome.kind === 'ok' || resource.settings.onFail === 'ignore') {
    resource.run = 'running';
    // Some agents say that a service runs before it does; the first look shows it.
    resource.monitorAt = now;
  }
}

function monitored(state: ResourceState, group: ManagedGroup, resource: Managed, outcome: Outcome, now: number): void {
  resource.monitorAt = now + resource.settings.monitorInterval;
  if (outcome.kind === 'ok') {
    resource.ignored = false;
    return;
  }
  // Without what it needs it cannot be well: that is no failure of its own, and it is about to be stopped.
  if (group.resources.slice(0, resource.index).some(({ run }) => run !== 'running')) return;
  noteFailure(
    state,
    group,
    resource,
    outcome.kind === 'notRunning' ? 'it does not run any more' : 'monitor',
    outcome,
    now,
  );
  // Also where its agent says that it does not run: it ended by itself, and may have left something that keeps the next one
  // from starting (children of a web server with their socket). Nobody but a stop has cleaned up.
  if (resource.settings.onFail !== 'ignore') resource.run = 'dirty';
}

function probed(state: ResourceState, group: ManagedGroup, resource: Managed, outcome: Outcome, now: number): void {
  const isWell = outcome.kind === 'ok' || outcome.kind === 'notRunning';
  if (isWell && isForgotten(resource, now)) resource.failures = 0;
  if (outcome.kind === 'ok') {
    resource.run = 'running';
    resource.monitorAt = now + resource.settings.monitorInterval;
    say(state, group, `${resource.name} runs already`);
  } else if (outcome.kind === 'notRunning') resource.run = 'stopped';
  else if (outcome.kind === 'unable') {
    // Without its agent nobody can have started it here.
    resource.run = 'stopped';
    if (group.neverHere)
      say(state, group, `${resource.name} does not run here, where the group may never be: ${outcome.text}`);
    // That it still is so is no news. Where the group may be, a node that cannot take it over is one to know of.
    else if (resource.failures === Number.POSITIVE_INFINITY) resource.failedAt = now;
    else noteFailure(state, group, resource, 'probe', outcome, now);
  } else if (resource.run === 'stopped') {
    // It was looked at again (`forgetFailures`), and nobody has started it since it was known to be stopped.
    resource.failedAt = now;
  } else {
    resource.run = 'dirty';
    say(state, group, `${resource.name}: whether it runs is not known: ${outcome.text}`);
  }
}

/** Some scripts fail to stop what does not run; and where it matters, nobody is believed. */
function checkedStop(
  state: ResourceState,
  group: ManagedGroup,
  resource: Managed,
  outcome: Outcome,
  said: 'ok' | 'failed',
  now: number,
): void {
  // Where its agent is not there either, nobody can have started it here; but where it must never run twice, that is no proof.
  if (outcome.kind === 'notRunning' || (outcome.kind === 'unable' && !group.needsFencing)) {
    stopped(resource);
    return;
  }
  if (said === 'ok')
    resource.lastFailure = `stop: it says that it worked, but ${outcome.kind === 'ok' ? 'the resource runs' : outcome.text}`;
  resource.failedStops++;
  resource.stopAt = now + stopPause;
  say(state, group, `${resource.name}: ${resource.lastFailure} (stop ${resource.failedStops} of ${stopTries})`);
  if (resource.failedStops < stopTries) return;
  resource.stuck = true;
  state.effects.push({
    type: 'fence',
    group: group.name,
    why: `${resource.name} cannot be stopped: ${resource.lastFailure}`,
  });
}

function stopped(resource: Managed): void {
  resource.run = 'stopped';
  resource.failedStops = 0;
  resource.stopAt = 0;
}
