import { write } from 'node:fs';

/** Characters of backlog beyond which lines are lost. */
const patience = 1_048_576;
/** What a descriptor that takes nothing now is given until the next try, and the end until it gives up; milliseconds. */
const retryDelay = 100;
const flushPatience = 500;

/**
 * Writes lines to a descriptor without ever waiting for it: a log daemon that hangs must not cost a renewal. (Node's own
 * `process.stdout` waits where it is a pipe or a socket.) Lines that come while 1 MB waits are lost, and counted.
 */
export class LineWriter {
  readonly #descriptor: number;
  #waiting = '';
  #writing: Buffer | undefined;
  #lost = 0;
  #idle: (() => void)[] = [];

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Lines that were lost, as nobody read the ones before. */
  get lost(): number {
    return this.#lost;
  }

  /** One line with its newline. */
  write(line: string): void {
    if (this.#waiting.length + line.length > patience) {
      this.#lost++;
      return;
    }
    this.#waiting += line;
    if (this.#writing === undefined) this.#next();
  }

  /** Resolves when all lines are written; where nobody reads them, after half a second. */
  flush(): Promise<void> {
    if (this.#writing === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, flushPatience);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #next(): void {
    if (this.#waiting === '') {
      this.#writing = undefined;
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#writing = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#push(this.#writing);
  }

  #push(bytes: Buffer): void {
    write(this.#descriptor, bytes, (error, written) => {
      const { code } = error ?? {};
      if (code === 'EAGAIN' || code === 'EINTR') {
        setTimeout(() => this.#push(bytes), retryDelay).unref();
        return;
      }
      // Any other error: nobody reads this any more, and nothing is to be done about it.
      if (error === null && written < bytes.length) this.#push(bytes.subarray(written));
      else this.#next();
    });
  }
}
