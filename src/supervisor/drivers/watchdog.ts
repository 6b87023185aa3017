import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { WatchdogStatus } from '../../wire/status.ts';

/** What says that the close that follows is meant (Linux, Documentation/watchdog/watchdog-api.rst, "magic close"). */
const magicClose = 'V';

/**
 * A watchdog device: while it is open, the kernel restarts the machine unless it is fed before its time is over. Nothing
 * here throws: a node without its watchdog serves on, and says so.
 */
export class Watchdog {
  readonly device: string;
  #handle: number | undefined;
  #trouble = 'it was never opened';

  constructor(device: string) {
    this.device = device;
  }

  /** Opens it, which starts its clock. Never makes a file of this name. */
  open(): void {
    try {
      this.#handle = openSync(this.device, constants.O_WRONLY | constants.O_NONBLOCK);
      this.#trouble = '';
    } catch (error) {
      this.#trouble = (error as Error).message;
    }
  }

  /** To be called at least every few seconds, and only by somebody who is well. */
  feed(): void {
    this.#write('\n');
  }

  /** Ends its watch: the machine goes on without. A driver with `nowayout` watches all the same. */
  close(): void {
    this.#write(magicClose);
    this.#shut('musterd has ended');
  }

  status(): WatchdogStatus {
    return { device: this.device, armed: this.#handle !== undefined, why: this.#trouble };
  }

  #write(text: string): void {
    if (this.#handle === undefined) return;
    try {
      writeSync(this.#handle, text);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Whoever reads has not kept up: then it has been fed lately.
      if (code !== 'EAGAIN') this.#shut(message);
    }
  }

  #shut(why: string): void {
    if (this.#handle === undefined) return;
    try {
      closeSync(this.#handle);
    } catch {
      // There is nothing left to close.
    }
    this.#handle = undefined;
    this.#trouble = why;
  }
}
