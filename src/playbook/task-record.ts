import type { Value } from '../model/inventory.ts';
import type { Diff } from './module.ts';
import type { Play, Task } from './playbook.ts';
import type { TaskOutcome, TaskStatus } from './run-event.ts';

/** What one task came to on one host so far: one outcome, or one for each item of its loop. */
export class TaskRecord {
  readonly play: Play;
  readonly task: Task;
  readonly handler: boolean;
  /** True while a failure or an untrue `until` means another try, not the end. */
  retrying = false;
  readonly #onFinish: (outcome: TaskOutcome, item: string | undefined) => void;
  readonly #statuses: TaskStatus[] = [];
  readonly #results: Value[] = [];
  #expected = 1;

  constructor(
    play: Play,
    task: Task,
    handler: boolean,
    onFinish: (outcome: TaskOutcome, item: string | undefined) => void,
  ) {
    this.play = play;
    this.task = task;
    this.handler = handler;
    this.#onFinish = onFinish;
  }

  /** How many outcomes there will be. */
  expect(count: number): void {
    this.#expected = Math.max(1, count);
  }

  get count(): number {
    return this.#statuses.length;
  }

  get complete(): boolean {
    return this.count >= this.#expected;
  }

  /** True where a dry run cannot tell: what it registers stays unknown then. */
  get unknown(): boolean {
    return this.#statuses.includes('unknown');
  }

  finish(
    outcome: {
      readonly status: TaskStatus;
      readonly message?: string | undefined;
      readonly hint?: string | undefined;
      readonly diff?: readonly Diff[] | undefined;
    },
    item: { readonly value: unknown } | undefined,
    result: Value,
  ): void {
    this.#statuses.push(outcome.status);
    this.#results.push(outcome.status === 'skipped' ? { skipped: true, changed: false } : result);
    const label = item === undefined ? undefined : showItem(item.value);
    const { status, message, hint, diff = [] } = outcome;
    this.#onFinish({ status, message, hint, diff }, label);
  }

  /** The task as a whole, as the recap counts it: the worst of its items. */
  total(): 'ok' | 'changed' | 'failed' | 'skipped' | 'ignored' {
    const order = ['failed', 'ignored', 'changed', 'ok'] as const;
    return order.find((status) => this.#statuses.includes(status)) ?? 'skipped';
  }

  /** What `register` keeps: the result, or `results` of all items. */
  value(): Value {
    if (this.task.loop === undefined) return this.#results[0] ?? null;
    return { results: this.#results, changed: this.#statuses.includes('changed') };
  }
}

/** A thing goes by its name, or by its address where it has none. */
function showItem(value: unknown): string {
  if (typeof value === 'string') return value;
  const { name, address } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const known = [name, address].find((word) => typeof word === 'string');
  return known ?? JSON.stringify(value);
}
