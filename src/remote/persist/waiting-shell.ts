import { randomBytes } from 'node:crypto';
import type { Channel } from '../channel.ts';
import type { ShellAhead } from '../exec.ts';
import { inTime } from '../in-time.ts';
import { openExec, type Session } from '../session.ts';
import { lineFor, waitsForLine } from './shell-line.ts';

/** A login shell that is not there by then has something else to do; in milliseconds. */
const readyMs = 10_000;

/**
 * A login shell that sshd has started already, in a channel of its own as for any command, and that waits for the one
 * command that it is to run: what a command costs beyond itself is paid before somebody waits for it.
 */
export class WaitingShell implements ShellAhead {
  readonly #channel: Channel;
  /** What it says when it is ready, with `bash` behind it where it is one. */
  readonly #word: string;
  #said = '';
  #state: 'starts' | 'waits' | 'taken' | 'over' = 'starts';
  #settle: () => void = () => {};
  /** Its channel is closed, or the connection lost. */
  readonly gone: Promise<void>;

  /** Undefined where the login shell is not one of POSIX, says something at its start, or is none at all. */
  static async start(session: Session): Promise<WaitingShell | undefined> {
    const word = randomBytes(12).toString('hex');
    const channel = await inTime(openExec(session, waitsForLine(word)), { timeoutMs: readyMs });
    if (typeof channel === 'string') return undefined;
    const shell = new WaitingShell(session, channel, word);
    await shell.#ready();
    return shell.#state === 'waits' ? shell : undefined;
  }

  private constructor(session: Session, channel: Channel, word: string) {
    this.#channel = channel;
    this.#word = word;
    this.gone = new Promise((resolve) => {
      const forget = session.loss.wait(() => resolve());
      channel.once('close', () => {
        forget();
        resolve();
      });
    });
    channel.on('error', () => {});
    channel.on('data', this.#onOutput).on('exit', this.#onEnd).on('close', this.#onEnd);
    channel.stderr.on('data', this.#onEnd);
    void this.gone.then(this.#onEnd);
  }

  async #ready(): Promise<void> {
    if (this.#state !== 'starts') return;
    const timer = setTimeout(() => {
      this.leave();
      // It may not even look at its input.
      this.#channel.close();
    }, readyMs);
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    clearTimeout(timer);
  }

  readonly #onOutput = (chunk: Buffer): void => {
    this.#said += chunk.toString('latin1');
    const words = [`${this.#word}\n`, `${this.#word}bash\n`];
    if (this.#state === 'starts' && words.includes(this.#said)) {
      this.#state = 'waits';
      this.#settle();
    } else if (this.#state !== 'starts' || !words.some((word) => word.startsWith(this.#said))) {
      // What it says by itself would be missing from a command's output, or be in it too late.
      this.leave();
    }
  };

  readonly #onEnd = (): void => this.leave();

  take(command: string): { channel: Channel; line: string } | undefined {
    const line = this.#state === 'waits' ? lineFor(command, this.#said.endsWith('bash\n')) : undefined;
    if (line === undefined) {
      this.leave();
      return undefined;
    }
    this.#state = 'taken';
    this.#forget();
    return { channel: this.#channel, line };
  }

  /** Lets it end, where it was not taken: it finds the end of its input. */
  leave(): void {
    if (this.#state === 'taken' || this.#state === 'over') return;
    this.#state = 'over';
    this.#forget();
    this.#settle();
    this.#channel.resume();
    this.#channel.stderr.resume();
    this.#channel.end();
  }

  #forget(): void {
    this.#channel.off('data', this.#onOutput).off('exit', this.#onEnd).off('close', this.#onEnd);
    this.#channel.stderr.off('data', this.#onEnd);
  }
}
