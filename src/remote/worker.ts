import { randomBytes } from 'node:crypto';
import type { Problem } from '../base/problem.ts';
import { type Channel, exitOf } from './channel.ts';
import { FrameReader } from './frames.ts';
import { inTime } from './in-time.ts';
import { killGroup } from './kill.ts';
import { ConnectionLost, hostFailed, interrupted } from './problems.ts';
import { shellQuote } from './quote.ts';
import { openExec, type Session } from './session.ts';
import type { RunOptions, RunResult, Worker } from './types.ts';

/** What one program has given so far. */
interface Running {
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  readonly options: RunOptions;
  rc: number | null;
  /** Streams whose end marker is still missing. */
  missing: number;
  finish(outcome: { rc: number | null; signal: string | null }): void;
}

/** The shell that a worker runs in; `exec`, because the login shell may be anything (fish and csh know it too). */
export function shellCommand(become: boolean): string {
  return become ? 'exec sudo -n -H -- /bin/sh' : 'exec /bin/sh';
}

/** sudo that asks a directory which does not answer takes half of it; in milliseconds. */
const startMs = 60_000;
const silence = `nothing came within ${startMs / 1000} s`;

/**
 * One persistent `sh` on the host. Programs go in as text, each in a subshell: it may exit, change directory, set traps.
 * The shell itself has no state, so where a program kills it, or is killed with it after a timeout, a new one takes over.
 * What a program left running in the background and still writes is not told apart from the next program's output.
 */
export class ShellWorker implements Worker {
  readonly #session: Session;
  readonly #become: boolean;
  #channel: Channel | undefined;
  /** Process group of the shell and all that it runs; sshd starts every command in a session of its own. */
  #group = 0;
  #marker = '';
  #running: Running | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(session: Session, become: boolean) {
    this.#session = session;
    this.#become = become;
  }

  /**
   * Starts the shell; rejects where sudo or the login shell does not let it, or does nothing for long. Harmless where one
   * runs already.
   */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#channel !== undefined) return;
    const opening = openExec(this.#session, shellCommand(this.#become), { lasting: true });
    const channel = await inTime(opening, { signal, timeoutMs: startMs });
    if (channel === 'aborted') throw interrupted(this.#session.target);
    if (channel === 'late') throw this.#cannotStart(silence);
    this.#marker = `\u001e${randomBytes(16).toString('hex')}:`;
    this.#channel = channel;
    const stdout = new FrameReader(
      this.#marker,
      (chunk) => this.#output('stdout', chunk),
      (status) => this.#end(status),
    );
    const stderr = new FrameReader(
      this.#marker,
      (chunk) => this.#output('stderr', chunk),
      () => this.#end(undefined),
    );
    channel.on('data', (chunk: Buffer) => stdout.push(chunk));
    channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    channel.on('error', () => {});
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = undefined;
      const { code, signal } = exitOf(channel);
      if (this.#session.loss.problem === undefined) this.#running?.finish({ rc: code, signal });
    });

    // The first exchange also swallows what a login shell may print before it hands over.
    const limits = { signal, timeoutMs: startMs };
    const hello = await this.#exchange('IFS=" " read -r p c s q g r </proc/$$/stat; echo "$g"', limits, '');
    if (hello.timedOut) throw this.#cannotStart(silence);
    const group = Number(hello.stdout.toString('latin1').trim().split('\n').at(-1));
    this.#group = group;
    this.#session.workerGroups.add(group);
    channel.on('close', () => this.#session.workerGroups.delete(group));
    if (hello.rc === 0 && this.#channel === channel && this.#group > 1) return;
    throw this.#cannotStart(
      hello.stderr.toString().trim() || hello.stdout.toString().trim() || `exit code ${hello.rc}`,
    );
  }

  #cannotStart(seen: string): Problem {
    const { name, user } = this.#session.target;
    return this.#become
      ? hostFailed(
          `Cannot become root on host "${name}" as sudo must let "${user}" without a password: ${seen}`,
          `let -K ask for the password, or allow it there, for example: echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/${user}`,
        )
      : hostFailed(`Cannot work on host "${name}" as the login shell of "${user}" must start /bin/sh: ${seen}`);
  }

  run(program: string, options: RunOptions = {}): Promise<RunResult> {
    const result = this.#queue.then(async () => {
      if (this.#closed) throw new Error('run() on a worker that is closed');
      if (options.signal?.aborted) throw interrupted(this.#session.target);
      await this.start(options.signal);
      const input = options.stdin === undefined ? '' : Buffer.from(options.stdin).toString('base64');
      return await this.#exchange(`eval ${shellQuote(program)}`, options, input);
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const channel = this.#channel;
    if (channel === undefined || this.#session.loss.problem !== undefined) return;
    // A shell for which somebody gave a password is not left to the next who gives none.
    const free = !(this.#become && this.#session.target.access?.sudoPassword !== undefined);
    if (free && this.#session.park !== undefined && this.#running === undefined && this.#group > 1) {
      this.#session.park(channel, this.#group);
      return;
    }
    await new Promise<void>((resolve) => {
      const forget = this.#session.loss.wait(() => resolve());
      channel.on('close', () => {
        forget();
        resolve();
      });
      if (this.#running !== undefined) void this.#kill().catch(() => channel.close());
      channel.end();
    });
  }

  /** Sends one command and waits for both of its end markers. `input` is base64 or empty. */
  #exchange(command: string, options: RunOptions, input: string): Promise<RunResult> {
    const started = performance.now();
    const channel = this.#channel!;
    return new Promise((resolve, reject) => {
      let cause: 'timeout' | 'abort' | undefined;
      const stop = (why: 'timeout' | 'abort'): void => {
        if (cause !== undefined) return;
        cause = why;
        // Where even the killing fails, the end of the channel is what remains; sshd confirms it only with the last process.
        const leave = (): void => {
          channel.close();
          if (this.#channel === channel) this.#channel = undefined;
          if (this.#running === running) running.finish({ rc: null, signal: null });
        };
        this.#kill().then(leave, leave);
      };
      const abort = (): void => stop('abort');
      const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => stop('timeout'), options.timeoutMs);
      options.signal?.addEventListener('abort', abort, { once: true });
      const settle = (): void => {
        forget();
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', abort);
        this.#running = undefined;
      };
      const running: Running = {
        stdout: [],
        stderr: [],
        options,
        rc: null,
        missing: 2,
        finish: ({ rc, signal }) => {
          settle();
          if (cause === 'abort') return reject(interrupted(this.#session.target));
          const timedOut = cause === 'timeout';
          resolve({
            rc: timedOut ? null : rc,
            signal: timedOut ? (signal ?? 'SIGTERM') : signal,
            stdout: Buffer.concat(running.stdout),
            stderr: Buffer.concat(running.stderr),
            seconds: (performance.now() - started) / 1000,
            timedOut,
          });
        },
      };
      const forget = this.#session.loss.wait((problem) => {
        settle();
        reject(new ConnectionLost(problem, Buffer.concat(running.stdout), Buffer.concat(running.stderr)));
      });
      if (this.#session.loss.problem !== undefined) return;
      this.#running = running;
      channel.write(frame(command, this.#marker, input));
    });
  }

  #output(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const running = this.#running;
    if (running === undefined) return;
    running[stream].push(chunk);
    (stream === 'stdout' ? running.options.onStdout : running.options.onStderr)?.(chunk);
  }

  #end(status: string | undefined): void {
    const running = this.#running;
    if (running === undefined) return;
    if (status !== undefined) running.rc = Number(status);
    if (--running.missing === 0) running.finish({ rc: running.rc, signal: null });
  }

  /** Ends the shell with everything that it runs, from a second channel, as the shell itself is busy. */
  async #kill(): Promise<void> {
    if (this.#group > 1) await killGroup(this.#session, this.#group, this.#become);
  }
}

/**
 * The text that makes a worker run `command` and say its end on both streams.
 * The marker stands nowhere where the program could see it (no variable, no argument), and is written by a builtin.
 */
function frame(command: string, marker: string, input: string): string {
  const mark = `\\036${marker.slice(1)}`;
  const says = `printf '${mark}%d;' $?; printf '${mark};' >&2\n`;
  if (input === '') return `( ${command} ) </dev/null; ${says}`;
  // As a here-document, because a shell may read ahead of the program; base64, because it takes no NUL.
  const lines = input.replace(/.{1,4096}/g, '$&\n');
  return `base64 -d 2>/dev/null <<'${mark}' | ( ${command} )\n${lines}${mark}\n${says}`;
}
