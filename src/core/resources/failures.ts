import { showDuration } from '../../base/duration.ts';
import type { GroupName } from '../../model/names.ts';
import type { Outcome } from './event.ts';
import { begin } from './operation.ts';
import { type Managed, type ManagedGroup, type ResourceState, wakeBy } from './state.ts';

/** How often a resource failed here, for whoever keeps that over a restart. */
export interface Failures {
  readonly group: GroupName;
  readonly resource: string;
  /** Infinity where it cannot run here at all. */
  readonly failures: number;
  /** When it last did; monotonic milliseconds. */
  readonly failedAt: number;
  readonly lastFailure: string;
}

/** What has failed here and is not forgotten. */
export function failuresIn({ groups }: ResourceState): Failures[] {
  return [...groups.values()].flatMap((group) =>
    group.resources.flatMap(({ name, failures, failedAt, lastFailure }) =>
      failures === 0 ? [] : [{ group: group.name, resource: name, failures, failedAt, lastFailure }],
    ),
  );
}

/** What is known from before a restart; of what is not configured any more nothing is. */
export function recallFailures({ groups }: ResourceState, known: readonly Failures[]): void {
  for (const { group, resource, failures, failedAt, lastFailure } of known) {
    const managed = groups.get(group)?.resources.find(({ name }) => name === resource);
    if (managed !== undefined) Object.assign(managed, { failures, failedAt, lastFailure });
  }
}

/** How many failures make a group leave this node because of this resource. */
function threshold({ settings }: Managed): number {
  return settings.onFail === 'restart' ? settings.migrationThreshold : 1;
}

/** The resource because of which a group may not run here for now. */
export function barredBy(group: ManagedGroup): Managed | undefined {
  return group.resources.find((resource) => resource.failures >= threshold(resource));
}

/** Why a group may not run on this node for now, as the end of a sentence; undefined where it may. */
export function whyBarred(group: ManagedGroup): string | undefined {
  const resource = barredBy(group);
  if (resource === undefined) return undefined;
  const { name, failures, lastFailure } = resource;
  if (failures === Number.POSITIVE_INFINITY) return `${name} cannot run there: ${lastFailure}`;
  return `${name} failed there ${failures === 1 ? 'once' : `${failures} times`}: ${lastFailure}`;
}

/**
 * Forgets failures whose time is over. Not of what is being started or stopped just then: a start that hangs for longer than
 * failures count would be the first one each time, and the group never leave. What could not run here at all is looked at
 * first, or a group that prefers this node would come back again and again to where it still cannot run.
 */
export function forgetFailures(state: ResourceState, group: ManagedGroup, now: number): void {
  for (const resource of group.resources) {
    const { failures, operation, run } = resource;
    if (failures === 0 || (operation !== undefined && operation.action !== 'monitor')) continue;
    if (!isForgotten(resource, now)) wakeBy(state, resource.failedAt + resource.settings.failureTimeout);
    else if (failures === Number.POSITIVE_INFINITY && run === 'stopped' && group.wish !== 'leave')
      begin(state, group, resource, 'probe', now);
    else resource.failures = 0;
  }
}

/** Whether it is so long ago that a resource failed that this counts no more. */
export function isForgotten({ failedAt, settings }: Managed, now: number): boolean {
  return now >= failedAt + settings.failureTimeout;
}

/** Counts a failure and says what follows; what has to be done about the resource itself is the caller's. */
export function noteFailure(
  state: ResourceState,
  group: ManagedGroup,
  resource: Managed,
  what: string,
  outcome: Outcome,
  now: number,
): void {
  const { settings, name } = resource;
  resource.lastFailure = `${what}: ${outcome.text}`;
  if (settings.onFail === 'ignore') {
    if (!resource.ignored)
      say(state, group, `${name}: ${resource.lastFailure}; it is left so, as its failures are ignored`);
    resource.ignored = true;
    return;
  }
  resource.failures = outcome.kind === 'unable' ? Number.POSITIVE_INFINITY : resource.failures + 1;
  resource.failedAt = now;
  const often = resource.failures === Number.POSITIVE_INFINITY ? 'it cannot run here' : `failure ${resource.failures}`;
  say(state, group, `${name}: ${resource.lastFailure} (${often})`, true);
  // Where it cannot run at all nothing of it hangs: a node without the agent would be switched off each time it comes back.
  if (settings.onFail === 'fence' && outcome.kind !== 'unable') {
    state.effects.push({
      type: 'fence',
      group: group.name,
      why: `${name} failed, and its failure is a reason to fence: ${resource.lastFailure}`,
    });
  }
}

/** Says once that a group leaves this node, and for how long. */
export function giveUpIfBarred(state: ResourceState, group: ManagedGroup): boolean {
  const resource = barredBy(group);
  if (resource === undefined) {
    group.gaveUp = false;
    return false;
  }
  if (!group.gaveUp && group.wish === 'run') {
    const forgotten = showDuration(resource.settings.failureTimeout);
    state.effects.push({
      type: 'giveUp',
      group: group.name,
      why: `${whyBarred(group)}; forgotten ${forgotten} after the last failure`,
    });
    group.gaveUp = true;
  }
  return true;
}

export function say(state: ResourceState, group: ManagedGroup, why: string, failed = false): void {
  state.effects.push({ type: 'say', group: group.name, why, ...(failed && { failed }) });
}
