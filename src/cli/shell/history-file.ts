import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { keepPrivately } from '../../inventory/file-of-inventory.ts';

/** Older entries go. */
const kept = 1000;

function fileFor(name: string): string {
  const state = process.env.XDG_STATE_HOME || join(homedir(), '.local/state');
  return join(state, 'muster', name);
}

/** What was entered in earlier sessions and in this one, the newest last. Only its owner can read it. */
export class HistoryFile {
  readonly #file: string;
  #lines: string[];

  constructor(name: string) {
    this.#file = fileFor(name);
    this.#lines = read(this.#file);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Keeps a line; not one that begins with a blank (as shells have it), and the same one only once. */
  add(line: string): void {
    if (line.trim() === '' || /^\s/.test(line)) return;
    this.#lines = joined(this.#lines, line);
    try {
      // Another session may have added to it meanwhile.
      keepPrivately(this.#file, `${joined(read(this.#file), line).join('\n')}\n`);
    } catch {
      // Without a home to write to it lasts as long as the session.
    }
  }
}

function joined(lines: readonly string[], line: string): string[] {
  return [...lines.filter((other) => other !== line), line].slice(-kept);
}

function read(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
