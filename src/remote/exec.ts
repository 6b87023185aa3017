import { Readable } from 'node:stream';
import { type Channel, exitOf } from './channel.ts';
import { inTime } from './in-time.ts';
import { killCommand } from './kill.ts';
import { launch } from './launch.ts';
import { borrow } from './lent-reads.ts';
import { ConnectionLost, interrupted } from './problems.ts';
import { openExec, type Session } from './session.ts';
import type { ExecOptions, RunResult } from './types.ts';

/** What a command did whose time was over before it had begun. */
const nothing = {
  rc: null,
  signal: null,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
  timedOut: true,
} as const;

/** A login shell that runs already, and waits for its one command. */
export interface ShellAhead {
  /** Its channel, and the line that tells it the command; undefined where it cannot run this one: then it ends. */
  take(command: string): { readonly channel: Channel; readonly line: string } | undefined;
}

/**
 * Runs one command in a channel of its own: by the user's login shell, or by `sh` where `options.as` says so.
 * `ahead` saves the opening of a channel and the start of a shell. Rejects with `ConnectionLost` (which holds the output so
 * far) or, through `options.signal`, with `Problem('interrupted')`.
 */
export async function execOn(
  session: Session,
  command: string,
  options: ExecOptions = {},
  ahead?: ShellAhead,
): Promise<RunResult> {
  if (options.signal?.aborted) throw interrupted(session.target);
  const started = performance.now();
  const become = options.as === 'root' && session.target.user !== 'root';
  const { command: line, preamble } =
    options.as === undefined ? { command, preamble: '' } : launch(command, { become, pty: options.pty === true });
  const taken = ahead?.take(line);
  const channel = taken?.channel ?? (await inTime(openExec(session, line, { pty: options.pty }), options));
  if (channel === 'aborted') throw interrupted(session.target);
  if (channel === 'late') return { ...nothing, seconds: (performance.now() - started) / 1000 };
  const leftMs = options.timeoutMs === undefined ? undefined : options.timeoutMs - (performance.now() - started);
  session.commands.add(channel);
  return await new Promise((resolve, reject) => {
    let timedOut = false;
    let aborted = false;

    if (options.borrow === true && options.collect === false) borrow(channel);
    const stdout = new Intake(channel, options.collect !== false, options.onStdout);
    const stderr = new Intake(channel.stderr, options.collect !== false, options.onStderr);
    const forget = session.loss.wait((problem) => {
      settle();
      void Promise.all([stdout.done(), stderr.done()]).then(() =>
        reject(new ConnectionLost(problem, stdout.content(), stderr.content())),
      );
    });
    const stop = (): void => {
      killCommand(session, channel, become).finally(() => {
        channel.close();
        finish();
      });
    };
    const timer =
      leftMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, leftMs);
    const abort = (): void => {
      aborted = true;
      stop();
    };
    const settle = (): void => {
      session.commands.delete(channel);
      forget();
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      if (options.stdin instanceof Readable) options.stdin.destroy();
    };
    options.signal?.addEventListener('abort', abort, { once: true });

    // Writing to a program that does not read is no error of ours: its exit code tells.
    channel.on('error', () => {});
    let finished = false;
    const finish = (): void => {
      if (finished || session.loss.problem !== undefined) return;
      finished = true;
      settle();
      if (aborted) {
        reject(interrupted(session.target));
        return;
      }
      const { code, signal } = exitOf(channel);
      void Promise.all([stdout.done(), stderr.done()]).then(() =>
        resolve({
          rc: timedOut ? null : code,
          signal: timedOut ? (signal ?? 'SIGTERM') : signal,
          stdout: stdout.content(),
          stderr: stderr.content(),
          seconds: (performance.now() - started) / 1000,
          timedOut,
        }),
      );
    };
    channel.on('close', finish);
    const first = taken === undefined ? preamble : `${taken.line}\n${preamble}`;
    if (first !== '') channel.write(first);
    feed(channel, options.stdin, options.pty === true);
  });
}

/** Ends what is typed at a terminal (^D). */
const endOfTyping = '\x04';

/** Standard input, and its end. A terminal has none, so there it is typed, twice where a line is still open. */
function feed(channel: Channel, stdin: ExecOptions['stdin'], pty: boolean): void {
  let lineOpen = false;
  const end = (): void => {
    channel.end(pty ? endOfTyping.repeat(lineOpen ? 2 : 1) : '');
  };
  if (stdin instanceof Readable) {
    stdin.on('data', (chunk: Buffer) => {
      lineOpen = chunk.at(-1) !== 0x0a;
    });
    // A source that fails ends the input; whoever made it knows why.
    stdin.on('error', end).on('end', end);
    stdin.pipe(channel, { end: false });
    return;
  }
  const input = Buffer.from(stdin ?? '');
  lineOpen = input.length > 0 && input.at(-1) !== 0x0a;
  if (input.length > 0) channel.write(input);
  end();
}

/** One stream of a command: passes its chunks on, keeps them where they are wanted, and holds the host back. */
class Intake {
  readonly #chunks: Buffer[] = [];
  readonly #waiting = new Set<Promise<void>>();

  constructor(stream: Readable, collect: boolean, take: ExecOptions['onStdout']) {
    stream.on('data', (chunk: Buffer) => {
      if (collect) this.#chunks.push(chunk);
      const taken = take?.(chunk);
      if (taken === undefined) return;
      stream.pause();
      const settled = (): void => {
        this.#waiting.delete(taken);
        if (this.#waiting.size === 0) stream.resume();
      };
      this.#waiting.add(taken);
      taken.then(settled, settled);
    });
  }

  content(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Resolves when whoever takes the chunks has taken all. */
  async done(): Promise<void> {
    await Promise.allSettled(this.#waiting);
  }
}
