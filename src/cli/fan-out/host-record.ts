import { exitCodes } from '../../base/problem.ts';
import type { HostOutcome } from '../../remote/pool.ts';
import type { RunResult } from '../../remote/types.ts';

export type HostState = 'ok' | 'failed' | 'unreachable' | 'interrupted' | 'skipped';

/** What became of a command on one host; its output is elsewhere. */
export interface HostRecord {
  readonly host: string;
  readonly state: HostState;
  /** Null where a signal or a timeout ended it, and where it never began. */
  readonly rc: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly seconds: number;
  /** Why it did not come to an end by itself, for people. */
  readonly error: string | undefined;
  readonly hint: string | undefined;
}

/** A program that ends with anything but 0 has failed. */
export function recordOf(outcome: HostOutcome<RunResult>): HostRecord {
  const base = { host: outcome.target.name, seconds: Number(outcome.seconds.toFixed(3)) };
  if (outcome.state !== 'ok') {
    const { message: error, hint } = outcome.problem;
    return { ...base, state: outcome.state, rc: null, signal: null, timedOut: false, error, hint };
  }
  const { rc, signal, timedOut = false } = outcome.value;
  return { ...base, state: rc === 0 ? 'ok' : 'failed', rc, signal, timedOut, error: undefined, hint: undefined };
}

/** `exit code 3`, `SIGKILL`, `timed out`; empty where all went well. */
export function endOf(record: Pick<HostRecord, 'rc' | 'signal' | 'timedOut'>): string {
  if (record.timedOut) return 'timed out';
  if (record.signal !== null) return record.signal;
  return record.rc === 0 || record.rc === null ? '' : `exit code ${record.rc}`;
}

/** The exit code of a run on many hosts; the worst that happened to one of them wins. */
export function exitCodeOf(outcomes: readonly { readonly state: string }[]): number {
  const any = (state: string): boolean => outcomes.some((outcome) => outcome.state === state);
  if (any('interrupted')) return exitCodes.interrupted;
  if (any('unreachable')) return exitCodes.hostUnreachable;
  return any('failed') ? exitCodes.hostFailed : exitCodes.ok;
}

/** The highest of the hosts' own exit codes, as `clush -S` gives it: 128 + n for signal n is the shell's, 255 for no code. */
export function highestCode(records: readonly HostRecord[]): number {
  return Math.max(0, ...records.filter(({ state }) => state !== 'skipped').map(({ rc }) => rc ?? 255));
}
