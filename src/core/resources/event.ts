import type { GroupName } from '../../model/names.ts';

/** What an agent is asked to do. A `probe` is a look at a resource that nobody knows to run. */
export type Action = 'start' | 'stop' | 'monitor' | 'probe';

/** What came of it. */
export interface Outcome {
  /**
   * `notRunning`: it is cleanly stopped. `unable`: it cannot run on this node, however often it is tried (not installed, not
   * configured, no permission). `timedOut`: it was killed, and what it left behind is not known.
   */
  readonly kind: 'ok' | 'notRunning' | 'failed' | 'unable' | 'timedOut';
  /** For people: the exit code, the last words. */
  readonly text: string;
}

/**
 * What a group is to do. `stop` may come `urgently`, when the lease is lost: then nobody waits for a start to end.
 * `leave` is maintenance: whatever runs is let alone, and nobody looks. `wait`, at the start of musterd: it is looked at,
 * and waits for somebody to know whether this node may have it.
 */
export type Wish = 'run' | 'stop' | 'leave' | 'wait';

export type ResourceEvent =
  | { readonly type: 'tick' }
  | { readonly type: 'want'; readonly group: GroupName; readonly wish: Wish; readonly urgently?: boolean | undefined }
  /** The answer to the `run` effect of this id. */
  | { readonly type: 'done'; readonly id: number; readonly outcome: Outcome }
  /** Failures are forgotten, and what is not known is looked at again: an operator says that it is mended. */
  | { readonly type: 'clear'; readonly group: GroupName };

/** How far a group is, as the rest of the node has to know. `stopped` means that another node may start it. */
export type GroupPhase = 'unknown' | 'stopped' | 'changing' | 'running' | 'stuck' | 'left';

export type ResourceEffect =
  /** Answered by `done` with the same id, at the latest when `timeout` milliseconds and the time to kill it are over. */
  | {
      readonly type: 'run';
      readonly id: number;
      readonly group: GroupName;
      /** Its place in the group, from 0. */
      readonly index: number;
      readonly action: Action;
      readonly timeout: number;
    }
  /** Kill this operation; its answer is not wanted any more. The next one on the same resource waits until it is dead. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'phase'; readonly group: GroupName; readonly phase: GroupPhase }
  /** This node gives the group up until it forgets its failures: another one should have it. */
  | { readonly type: 'giveUp'; readonly group: GroupName; readonly why: string }
  /** This node has to be fenced before the group starts anywhere else. */
  | { readonly type: 'fence'; readonly group: GroupName; readonly why: string }
  /** One line for the journal; `failed`: a resource has failed, and somebody may want to be told. */
  | { readonly type: 'say'; readonly group: GroupName; readonly why: string; readonly failed?: boolean | undefined };
