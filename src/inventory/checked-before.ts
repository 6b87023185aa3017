import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '../base/fingerprint.ts';
import { fileOfInventory, keepPrivately } from './file-of-inventory.ts';

declare const MUSTER_PROGRAM: string | undefined;

/** The digest of the program that runs; undefined where the source does, which may change under us. */
const program = typeof MUSTER_PROGRAM === 'string' ? MUSTER_PROGRAM : undefined;

/**
 * Remembers which text of an inventory this very program has found in order, so that it need not load and ask the schema
 * again, which takes longer than all the rest of reading it. What is kept is a fingerprint, nothing of what the file says.
 */
export class CheckedBefore {
  readonly #place: string;
  readonly #mark: string | undefined;

  constructor(file: string, text: string, by = program) {
    this.#place = placeFor(file);
    this.#mark = by === undefined ? undefined : `${by} ${fingerprint(text)}`;
  }

  /** True where this text was found in order. Believes only a file that is ours and that nobody else may write to. */
  holds(): boolean {
    if (this.#mark === undefined) return false;
    try {
      const kept = openSync(this.#place, 'r');
      try {
        const { uid, mode } = fstatSync(kept);
        return uid === process.getuid!() && (mode & 0o022) === 0 && readFileSync(kept, 'latin1') === this.#mark;
      } finally {
        closeSync(kept);
      }
    } catch {
      return false;
    }
  }

  /** To be called when the text was found in order. Without a home to write to, nothing is kept. */
  keep(): void {
    if (this.#mark === undefined) return;
    try {
      keepPrivately(this.#place, this.#mark);
    } catch {
      // It is checked again next time.
    }
  }
}

function placeFor(inventory: string): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return fileOfInventory(join(cache, 'muster', 'checked'), inventory);
}
