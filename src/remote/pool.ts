import { Problem } from '../base/problem.ts';
import { connect } from './connection.ts';
import type { Connection, Target } from './types.ts';

/**
 * What became of one host. `failed`: the work threw a Problem; `unreachable`: it is not there, or was lost on the way;
 * `skipped`: it was not begun, as too many before it had failed.
 */
export type HostOutcome<T> =
  | { readonly target: Target; readonly seconds: number; readonly state: 'ok'; readonly value: T }
  | {
      readonly target: Target;
      readonly seconds: number;
      readonly state: 'failed' | 'unreachable' | 'interrupted' | 'skipped';
      readonly problem: Problem;
    };

export interface PoolOptions<T> {
  /** Hosts that are worked on at once. */
  readonly forks: number;
  /** Hosts of one batch; the next one begins when all of it have ended, and not where all of it have failed. */
  readonly serial?: number | undefined;
  /** How many hosts may fail or be unreachable until no more are begun; undefined: any number. */
  readonly maxFail?: number | undefined;
  /** Whether what the work gave counts as a failure of the host. */
  readonly failed?: ((value: T) => boolean) | undefined;
  /** Ctrl-C: hosts not yet begun are left, programs that run are killed by whoever got the same signal. */
  readonly signal?: AbortSignal | undefined;
  /** Does the work without a connection of its own, where that can be; undefined: it cannot, and nothing was done. */
  readonly atOnce?: ((target: Target) => Promise<T | undefined>) | undefined;
  /** Called as each host ends, in the order in which they end. */
  readonly onOutcome?: ((outcome: HostOutcome<T>) => void) | undefined;
}

const states = { hostUnreachable: 'unreachable', interrupted: 'interrupted' } as const;

/**
 * Connects to every host, with at most `forks` at once, and does `work` over that one connection.
 * A host that fails does not disturb the others. Resolves to the outcomes in the order of `targets`;
 * rejects, after all have ended, only with what is no `Problem`: a defect.
 */
export async function forEachHost<T>(
  targets: readonly Target[],
  options: PoolOptions<T>,
  work: (connection: Connection, target: Target) => Promise<T>,
): Promise<HostOutcome<T>[]> {
  const outcomes: HostOutcome<T>[] = [];
  const defects: unknown[] = [];
  let failures = 0;
  /** Why no more hosts are begun. */
  let enough: string | undefined;

  const end = (index: number, outcome: HostOutcome<T>): void => {
    outcomes[index] = outcome;
    const failed = outcome.state === 'ok' ? (options.failed?.(outcome.value) ?? false) : outcome.state !== 'skipped';
    if (failed) failures++;
    if (failures > (options.maxFail ?? Number.POSITIVE_INFINITY)) enough ??= `${failures} failed`;
    options.onOutcome?.(outcome);
  };
  const one = async (index: number, target: Target): Promise<void> => {
    const started = performance.now();
    const since = (): number => (performance.now() - started) / 1000;
    try {
      if (options.signal?.aborted) {
        throw new Problem('interrupted', `Cannot begin with host "${target.name}" as the run must go on: interrupted`);
      }
      if (enough !== undefined) {
        const message = `Cannot begin with host "${target.name}" as no more than the allowed hosts may fail: ${enough}`;
        return end(index, { target, state: 'skipped', problem: new Problem('hostFailed', message), seconds: 0 });
      }
      const done = await options.atOnce?.(target);
      if (done !== undefined) return end(index, { target, state: 'ok', value: done, seconds: since() });
      const connection = await connect(target, { signal: options.signal });
      let value: T;
      try {
        value = await work(connection, target);
      } finally {
        await connection.close();
      }
      end(index, { target, state: 'ok', value, seconds: since() });
    } catch (error) {
      if (!(error instanceof Problem)) {
        defects.push(error);
        return;
      }
      const state = states[error.reason as keyof typeof states] ?? 'failed';
      end(index, { target, state, problem: error, seconds: since() });
    }
  };

  const size = Math.max(1, options.serial ?? targets.length);
  for (let first = 0; first < targets.length; first += size) {
    const last = Math.min(first + size, targets.length);
    const before = failures;
    let next = first;
    const lane = async (): Promise<void> => {
      while (next < last) {
        const index = next++;
        await one(index, targets[index]!);
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, Math.min(options.forks, last - first)) }, lane));
    if (failures - before === last - first && last < targets.length) enough ??= 'all of one batch did';
  }
  if (defects.length > 0) throw defects[0];
  return outcomes;
}
