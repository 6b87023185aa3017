import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What musterd keeps in mind over its own restart, and not over a boot: JSON in a file of the run directory. */
export class BootFile {
  readonly #file: string;
  #text: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** As it was written last, to be checked by whoever asks; undefined where there is none that can be read. */
  read(): unknown {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Replaces it as a whole, where this is not what was written last; throws where that fails, once for each text. */
  write(value: unknown): void {
    const text = JSON.stringify(value);
    if (text === this.#text) return;
    this.#text = text;
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o755 });
    const fresh = `${this.#file}.new`;
    writeFileSync(fresh, text, { mode: 0o600 });
    renameSync(fresh, this.#file);
  }
}

/** Milliseconds of a clock that goes on over restarts of musterd until the next boot: CLOCK_MONOTONIC (clock_gettime(2)). */
export function sinceBoot(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The boot by a clock of this musterd's own (monotonic milliseconds): what turns its times into those of the next one, and back. */
export function bootedAt(now: () => number): number {
  return now() - sinceBoot();
}
