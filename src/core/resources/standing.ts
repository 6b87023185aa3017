import type { GroupPhase, Wish } from './event.ts';

/** How the resources of a group stand on this node, as its lease has to know it: what they were asked to do, and how far they are. */
export interface ResourceStanding {
  phase: GroupPhase;
  /** Something of it may run in part, and has to be stopped before anything is started. */
  dirty: boolean;
  /** Why this node gives the group up for now, as the end of a sentence; undefined: it may run here. */
  barred: string | undefined;
  /** What was asked for last, and the number of that; the phase answers to the one of this number. */
  wish: Wish;
  urgently: boolean;
  asked: number;
  answered: number;
  /** `stopped` counts once the phase answers to this wish: before it something may have been started yet. */
  surelyFrom: number;
  /** They stop as the group is to be released; until then its lease is renewed. */
  stopping: boolean;
  /** The group that has to run before this one starts. */
  waitsFor: string | undefined;
  /** In this step something speaks for a release. */
  reason: boolean;
  /** Nobody took it over although it was stopped for that: it runs here until then, in monotonic milliseconds. */
  staysUntil: number;
}

/** Right after a start of musterd nobody knows what runs. */
export function newStanding(): ResourceStanding {
  return {
    phase: 'unknown',
    dirty: false,
    barred: undefined,
    wish: 'wait',
    urgently: false,
    asked: 0,
    answered: 0,
    surelyFrom: 0,
    stopping: false,
    waitsFor: undefined,
    reason: false,
    staysUntil: Number.NEGATIVE_INFINITY,
  };
}
