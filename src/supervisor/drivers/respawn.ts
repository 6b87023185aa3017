import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { showDuration } from '../../base/duration.ts';

/** The exit code by which a program says that it is not to be started again (ha.cf(5), respawn). */
const doNotRestart = 100;
/** A program that lives shorter than this is started again ever more slowly; milliseconds. */
const longEnough = 10_000;
const slowest = 60_000;
/** How long a program has to end when it is asked to; milliseconds. */
const patience = 3000;

export interface RespawnOptions {
  /** The user, the program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly say: (why: string) => void;
  readonly warn: (why: string) => void;
  /** Before the first restart; it doubles while the program does not live long. Milliseconds. */
  readonly firstDelay?: number | undefined;
}

/** One `respawn` line of ha.cf: a program that runs as long as musterd does. */
export class Respawn {
  readonly #options: RespawnOptions;
  readonly #name: string;
  readonly #firstDelay: number;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delay: number;
  #stopping = false;

  constructor(options: RespawnOptions) {
    this.#options = options;
    this.#name = options.command[1]!;
    this.#firstDelay = options.firstDelay ?? 200;
    this.#delay = this.#firstDelay;
  }

  async start(): Promise<void> {
    const [user, ...program] = this.#options.command as [string, ...string[]];
    const began = performance.now();
    let group: string;
    try {
      group = (await promisify(execFile)('id', ['-g', user])).stdout.trim();
    } catch {
      this.#options.warn(`${this.#name} is not started: there is no user "${user}"`);
      return;
    }
    if (this.#stopping) return;
    // It ends with us, however we end; setpriv becomes the program, so that signals reach it.
    const rights = [`--reuid=${user}`, `--regid=${group}`, '--init-groups', '--pdeathsig', 'TERM', '--'];
    const child = spawn('setpriv', [...rights, ...program], {
      stdio: ['ignore', 2, 2],
      cwd: '/',
      env: { ...process.env, ...this.#options.environment },
    });
    this.#child = child;
    child.once('error', (error) => this.#ended(error.message, undefined, began));
    child.once('exit', (code, signal) => this.#ended(signal ?? `code ${code}`, code ?? undefined, began));
  }

  /** Resolves when it has ended, by force if need be. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  #ended(how: string, code: number | undefined, began: number): void {
    this.#child?.removeAllListeners();
    this.#child = undefined;
    if (this.#stopping) return;
    if (code === doNotRestart) {
      this.#options.say(`${this.#name} ended with code ${doNotRestart}: it is not started again`);
      return;
    }
    if (performance.now() - began >= longEnough) this.#delay = this.#firstDelay;
    this.#options.warn(`${this.#name} ended with ${how}: it is started again in ${showDuration(this.#delay)}`);
    this.#timer = setTimeout(() => void this.start(), this.#delay);
    this.#delay = Math.min(2 * this.#delay, slowest);
  }
}
