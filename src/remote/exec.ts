import { killCommand } from './kill.ts';
import { ConnectionLost, interrupted } from './problems.ts';
import { openExec, type Session } from './session.ts';
import type { RunOptions, RunResult } from './types.ts';

/** `SIGKILL` for ssh's `KILL`. */
export function signalName(name: string | undefined | null): string | null {
  if (name === undefined || name === null || name === '') return null;
  return name.startsWith('SIG') ? name : `SIG${name}`;
}

/**
 * Runs one command by the user's login shell, in a channel of its own.
 * Rejects with `ConnectionLost` (which holds the output so far) or, through `options.signal`, with `Problem('interrupted')`.
 */
export async function execOn(
  session: Session,
  command: string,
  options: RunOptions & { pty?: boolean } = {},
): Promise<RunResult> {
  if (options.signal?.aborted) throw interrupted(session.target);
  const started = performance.now();
  const channel = await openExec(session, command, options.pty);
  session.commands.add(channel);
  return await new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let rc: number | null = null;
    let signal: string | null = null;
    let timedOut = false;
    let aborted = false;

    const forget = session.loss.wait((problem) => {
      settle();
      reject(new ConnectionLost(problem, Buffer.concat(stdout), Buffer.concat(stderr)));
    });
    const stop = (): void => {
      killCommand(session, channel).finally(() => {
        channel.close();
        finish();
      });
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, options.timeoutMs);
    const abort = (): void => {
      aborted = true;
      stop();
    };
    const settle = (): void => {
      session.commands.delete(channel);
      forget();
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    options.signal?.addEventListener('abort', abort, { once: true });

    channel.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      options.onStdout?.(chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk);
      options.onStderr?.(chunk);
    });
    channel.on('exit', (code: number | null, name?: string) => {
      rc = code;
      signal = signalName(name);
    });
    // Writing to a program that does not read is no error of ours: its exit code tells.
    channel.on('error', () => {});
    const finish = (): void => {
      if (session.loss.problem !== undefined) return;
      settle();
      if (aborted) {
        reject(interrupted(session.target));
        return;
      }
      resolve({
        rc: timedOut ? null : rc,
        signal: timedOut ? (signal ?? 'SIGTERM') : signal,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
        seconds: (performance.now() - started) / 1000,
        timedOut,
      });
    };
    channel.on('close', finish);
    channel.end(options.stdin ?? '');
  });
}
