import { Problem } from '../base/problem.ts';
import { connect } from './connection.ts';
import type { Connection, Target } from './types.ts';

/** What became of one host. `failed`: the work threw a Problem; `unreachable`: it is not there, or was lost on the way. */
export type HostOutcome<T> =
  | { readonly target: Target; readonly seconds: number; readonly state: 'ok'; readonly value: T }
  | {
      readonly target: Target;
      readonly seconds: number;
      readonly state: 'failed' | 'unreachable' | 'interrupted';
      readonly problem: Problem;
    };

export interface PoolOptions<T> {
  /** Hosts that are worked on at once. */
  readonly forks: number;
  /** Ctrl-C: hosts not yet begun are left, programs that run are killed by whoever got the same signal. */
  readonly signal?: AbortSignal | undefined;
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
  let next = 0;

  const one = async (index: number, target: Target): Promise<void> => {
    const started = performance.now();
    const since = (): number => (performance.now() - started) / 1000;
    let outcome: HostOutcome<T>;
    try {
      if (options.signal?.aborted) {
        throw new Problem('interrupted', `Cannot begin with host "${target.name}" as the run must go on: interrupted`);
      }
      const connection = await connect(target, { signal: options.signal });
      try {
        outcome = { target, state: 'ok', value: await work(connection, target), seconds: since() };
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (!(error instanceof Problem)) {
        defects.push(error);
        return;
      }
      const state = states[error.reason as keyof typeof states] ?? 'failed';
      outcome = { target, state, problem: error, seconds: since() };
    }
    outcomes[index] = outcome;
    options.onOutcome?.(outcome);
  };
  const lane = async (): Promise<void> => {
    while (next < targets.length) {
      const index = next++;
      await one(index, targets[index]!);
    }
  };

  await Promise.all(Array.from({ length: Math.max(1, Math.min(options.forks, targets.length)) }, lane));
  if (defects.length > 0) throw defects[0];
  return outcomes;
}
