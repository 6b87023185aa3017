import type { GroupName } from '../../model/names.ts';
import type { ResourceSettings } from '../../model/resource-settings.ts';
import type { Action, GroupPhase, ResourceEffect, Wish } from './event.ts';

/** What is known of a resource here. `dirty`: it may run, or half of it: it has to be stopped before it is started. */
export type RunState = 'unknown' | 'stopped' | 'running' | 'dirty';

export interface Operation {
  readonly id: number;
  readonly action: Action;
  /** By then its answer is there, or it counts as timed out. */
  readonly deadline: number;
  /** Of a probe that asks whether a stop worked: what the stop itself said. */
  readonly stopSaid: 'ok' | 'failed' | undefined;
}

export interface Managed {
  readonly name: string;
  readonly index: number;
  readonly settings: ResourceSettings;
  run: RunState;
  operation: Operation | undefined;
  monitorAt: number;
  /** Stops in a row that came to nothing, and before when none is tried again. */
  failedStops: number;
  stopAt: number;
  /** Nothing that this node can do stops it. */
  stuck: boolean;
  /** Since failures were last forgotten; Infinity where it cannot run here at all. */
  failures: number;
  failedAt: number;
  lastFailure: string;
  /** The last monitor failed, and nothing is to be done about it. */
  ignored: boolean;
}

/** A group's resources on this node, in the order in which they start. */
export interface ManagedGroup {
  readonly name: GroupName;
  /** It must never run twice: that a stop worked is looked at, not only believed. */
  readonly needsFencing: boolean;
  /** Its rules never let it run on this node: what it needs need not be installed here. */
  readonly neverHere: boolean;
  readonly resources: readonly Managed[];
  wish: Wish;
  urgently: boolean;
  phase: GroupPhase;
  gaveUp: boolean;
}

export interface ResourceState {
  readonly groups: Map<GroupName, ManagedGroup>;
  lastId: number;
  /** When the next tick is needed. */
  wake: number;
  effects: ResourceEffect[];
}

/** A group as it is configured. */
export interface GroupSetup {
  readonly name: GroupName;
  readonly needsFencing: boolean;
  readonly neverHere?: boolean | undefined;
  readonly resources: readonly { readonly name: string; readonly settings: ResourceSettings }[];
}

/**
 * The state right after a start of musterd: of nothing is it known whether it runs, so all of it is looked at first. What
 * is found running is adopted where the group may run here, and stopped where it may not.
 */
export function createResources(groups: readonly GroupSetup[]): ResourceState {
  const managed = groups.map(({ name, needsFencing, neverHere = false, resources }): [GroupName, ManagedGroup] => [
    name,
    {
      name,
      needsFencing,
      neverHere,
      resources: resources.map((resource, index) => ({ ...fresh, ...resource, index })),
      wish: 'wait',
      urgently: false,
      phase: 'unknown',
      gaveUp: false,
    },
  ]);
  return { groups: new Map(managed), lastId: 0, wake: 0, effects: [] };
}

const fresh: Omit<Managed, 'name' | 'index' | 'settings'> = {
  run: 'unknown',
  operation: undefined,
  monitorAt: 0,
  failedStops: 0,
  stopAt: 0,
  stuck: false,
  failures: 0,
  failedAt: 0,
  lastFailure: '',
  ignored: false,
};

/** Asks for a tick at this time. */
export function wakeBy(state: ResourceState, at: number): void {
  if (at < state.wake) state.wake = at;
}
