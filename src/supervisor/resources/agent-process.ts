import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface AgentCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What it reads from its standard input; undefined: nothing is there. */
  readonly input?: string | undefined;
}

export interface AgentEnd {
  /** undefined: a signal ended it, or it could not be started. */
  readonly code: number | undefined;
  readonly timedOut: boolean;
  /** The last of what it printed on both outputs, in the order in which it did. */
  readonly output: string;
}

export interface AgentRunOptions {
  /** Milliseconds; then its process group is asked to end, and killed a second later. */
  readonly timeout: number;
  /** Killed at once with its process group when this aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Where what it prints is kept while it runs. */
  readonly directory: string;
  /** A file that says which process it is, from before it begins until it has ended: for a musterd that starts meanwhile. */
  readonly record?: string | undefined;
}

const killAfter = 1000;
const keptBytes = 4000;
/** It becomes the agent, so the line of /proc that it writes down is the agent's: process id, and when it started. */
const launcher =
  'echo 0 2>/dev/null >/proc/self/oom_score_adj; [ -z "$0" ] || { read -r s </proc/$$/stat; echo "$s" >"$0"; }; exec "$@"';
let count = 0;

/**
 * Runs an agent to its end, in a process group of its own. It prints into a file, not into a pipe: what it starts may keep
 * its outputs open for years, and must neither be waited for nor die of a closed pipe when musterd ends. Ordinary
 * niceness towards memory: musterd itself is the last to be killed, and what it starts should not be.
 */
export function runAgent(
  { program, args, environment, input }: AgentCommand,
  options: AgentRunOptions,
): Promise<AgentEnd> {
  const { timeout, signal, directory, record = '' } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `output-${process.pid}-${++count}`);
  const output = openSync(file, 'a+', 0o600);
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', launcher, record, program, ...args], {
      stdio: [input === undefined ? 'ignore' : 'pipe', output, output],
      cwd: '/',
      detached: true,
      env: environment,
    });
    // Whoever ends without reading all of it has its reasons.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    let timedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const kill = (name: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // All of it has ended in this very moment.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill('SIGTERM');
      killer = setTimeout(() => kill('SIGKILL'), killAfter);
    }, timeout);
    const abort = (): void => kill('SIGKILL');
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort);
    const end = (code: number | undefined, error?: string): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      // The leader may have left others of its group behind when it was asked to end.
      if (timedOut || signal?.aborted === true) kill('SIGKILL');
      signal?.removeEventListener('abort', abort);
      child.removeAllListeners();
      child.on('error', () => {});
      const said = error ?? lastBytes(output);
      closeSync(output);
      rmSync(file, { force: true });
      if (record !== '') rmSync(record, { force: true });
      resolve({ code, timedOut, output: said });
    };
    child.once('error', (error) => end(undefined, error.message));
    child.once('exit', (code) => end(code ?? undefined));
  });
}

function lastBytes(file: number): string {
  const { size } = fstatSync(file);
  const buffer = Buffer.alloc(Math.min(size, keptBytes));
  const read = readSync(file, buffer, 0, buffer.length, size - buffer.length);
  return buffer.subarray(0, read).toString();
}
