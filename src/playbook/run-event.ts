import type { HostName } from '../model/names.ts';
import type { Diff } from './module.ts';

export type TaskStatus = 'ok' | 'changed' | 'failed' | 'ignored' | 'skipped' | 'unknown';

/** What one task came to on one host. */
export interface TaskOutcome {
  readonly status: TaskStatus;
  readonly message: string | undefined;
  readonly hint: string | undefined;
  readonly diff: readonly Diff[];
}

/** As Ansible's recap, per host. */
export interface HostCounts {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly ignored: number;
}

/** Everything that a run tells to whoever shows it; the `--json` lines are these, one each. */
export type RunEvent =
  | {
      readonly event: 'run-started';
      readonly playbook: string;
      readonly hosts: readonly HostName[];
      readonly check: boolean;
    }
  | { readonly event: 'host-connected'; readonly host: HostName }
  | { readonly event: 'play-started'; readonly play: string; readonly hosts: readonly HostName[] }
  | {
      readonly event: 'task-started';
      readonly play: string;
      readonly task: string;
      readonly host: HostName;
    }
  | ({
      readonly event: 'task-finished';
      readonly play: string;
      readonly task: string;
      /** The text of the loop's item, where there is a loop. */
      readonly item: string | undefined;
      readonly handler: boolean;
      readonly host: HostName;
    } & TaskOutcome)
  | {
      readonly event: 'host-unreachable';
      readonly host: HostName;
      readonly message: string;
      readonly hint: string | undefined;
    }
  | { readonly event: 'rolled-back'; readonly host: HostName; readonly task: string; readonly message: string }
  | { readonly event: 'interrupting'; readonly message: string }
  | {
      readonly event: 'recap';
      readonly hosts: Readonly<Record<HostName, HostCounts>>;
      /** Hosts on which no task was begun, though a play wanted them. */
      readonly notReached: readonly HostName[];
      readonly seconds: number;
    };

export type OnEvent = (event: RunEvent) => void;
