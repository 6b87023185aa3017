import { foldHosts } from '../../base/host-range.ts';
import { forEachHost, type HostOutcome } from '../../remote/pool.ts';
import type { Connection, Target } from '../../remote/types.ts';
import { keepResults } from '../result-sets.ts';
import { exitCodeOf, type HostRecord } from './host-record.ts';
import { withInterrupt } from './interrupt.ts';
import type { FanOutOptions, RollingOptions } from './options.ts';
import { type Reach, rolling } from './reach.ts';
import type { Screen } from './screen.ts';
import { errorLines, summaryLines } from './summary.ts';

/** Does the same work on many hosts, with Ctrl-C and the progress line; `tell` is called as each host ends. */
export async function workOnHosts<T>(
  reach: Reach,
  options: FanOutOptions & RollingOptions,
  screen: Screen,
  work: (connection: Connection, target: Target, signal: AbortSignal) => Promise<T>,
  tell: (outcome: HostOutcome<T>) => void = () => {},
): Promise<HostOutcome<T>[]> {
  const { targets } = reach;
  try {
    return await withInterrupt(
      () => screen.missing(),
      (signal) =>
        forEachHost<T>(
          targets,
          {
            forks: options.forks,
            ...rolling(options, targets.length),
            signal,
            onOutcome: (outcome) => {
              screen.ended(outcome.target.name);
              tell(outcome);
            },
          },
          (connection, target) => work(connection, target, signal),
        ),
    );
  } finally {
    screen.stop();
  }
}

/** An outcome of work that has no exit code. */
export function plainRecord(outcome: HostOutcome<unknown>): HostRecord {
  const problem = outcome.state === 'ok' ? undefined : outcome.problem;
  return {
    host: outcome.target.name,
    state: outcome.state,
    rc: null,
    signal: null,
    timedOut: false,
    seconds: Number(outcome.seconds.toFixed(3)),
    error: problem?.message,
    hint: problem?.hint,
  };
}

/** A line of `--json` of work that has no exit code. */
export function plainJson(outcome: HostOutcome<unknown>, value: object): string {
  const { host, state, seconds, error, hint } = plainRecord(outcome);
  return JSON.stringify({ host, state, seconds, ...value, error, hint });
}

/** What went wrong, on standard error, and the exit code that it stands for. */
export function conclude(reach: Reach, outcomes: readonly HostOutcome<unknown>[], json: boolean | undefined): number {
  const records = outcomes.map(plainRecord);
  if (!json) {
    const addresses = new Map(reach.targets.map(({ name, address, port }) => [name, `${address}:${port}`]));
    const lines = [...errorLines(records, (host) => addresses.get(host)), ...summaryLines(records)];
    process.stderr.write(lines.map((line) => `${line}\n`).join(''));
  }
  return exitCodeOf(records);
}

/** The same, of work that leaves @ok, @failed and @unreachable behind; `what` was done is said of those that are ok. */
export function concludeTransfer(
  reach: Reach,
  outcomes: readonly HostOutcome<unknown>[],
  options: { readonly json?: boolean },
  what: string,
): number {
  const ok = outcomes.filter(({ state }) => state === 'ok').map(({ target }) => target.name);
  if (!options.json && ok.length > 0) process.stdout.write(`${foldHosts(ok)} (${ok.length}): ${what}\n`);
  keepResults(reach.inventory.file, outcomes.map(plainRecord));
  return conclude(reach, outcomes, options.json);
}
