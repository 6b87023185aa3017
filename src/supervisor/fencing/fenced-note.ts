import { join } from 'node:path';
import type { Fenced } from '../../core/message.ts';
import { BootFile, sinceBoot } from '../boot-file.ts';

/** For so long musterd may have been away; within it nobody has started a node, looked at both and ordered anything. Milliseconds. */
const goodFor = 30_000;

interface Note {
  /** Milliseconds since the boot. */
  readonly at: number;
  readonly fenced: readonly Fenced[];
}

/** Who is known to be off, in a file that the next musterd of this boot finds, if it comes soon. */
export class FencedNote {
  /** What the last musterd knew a moment ago. */
  readonly found: readonly Fenced[];
  readonly #file: BootFile;
  readonly #onTrouble: (why: string) => void;
  #fenced: readonly Fenced[];

  /** A file that cannot be read, or says something else, says nothing. */
  constructor(runDir: string, onTrouble: (why: string) => void, clock = sinceBoot()) {
    this.#file = new BootFile(join(runDir, 'fenced.json'));
    this.#onTrouble = onTrouble;
    const note = this.#file.read();
    this.found = isNote(note) && note.at <= clock && clock < note.at + goodFor ? note.fenced : [];
    this.#fenced = this.found;
  }

  write(fenced: readonly Fenced[]): void {
    this.#fenced = fenced;
    try {
      this.#file.write({ at: Math.floor(sinceBoot()), fenced } satisfies Note);
    } catch (error) {
      this.#onTrouble(`who is off is not written down for a restart of musterd: ${(error as Error).message}`);
    }
  }

  /** To be called about each second: it is still so. */
  look(): void {
    if (this.#fenced.length > 0) this.write(this.#fenced);
  }
}

function isNote(value: unknown): value is Note {
  const { at, fenced } = (value ?? {}) as Partial<Note>;
  return (
    typeof at === 'number' &&
    Array.isArray(fenced) &&
    fenced.every((one) => typeof one?.node === 'string' && typeof one.incarnation === 'string')
  );
}
