import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FencingRecord } from '../../wire/fencing.ts';

/** How many fencings are remembered. */
const kept = 200;

/** What was fenced, by whom and why: a line of JSON each, in a file that survives musterd and the machine. */
export class FencingHistory {
  readonly #file: string;
  readonly #onTrouble: (why: string) => void;
  #records: FencingRecord[];
  #lines: number;

  constructor(stateDir: string, onTrouble: (why: string) => void) {
    this.#file = join(stateDir, 'fencing-history');
    this.#onTrouble = onTrouble;
    const read = readRecords(this.#file);
    this.#lines = read.length;
    this.#records = read.slice(-kept);
  }

  /** Oldest first. */
  get records(): readonly FencingRecord[] {
    return this.#records;
  }

  /** A disk that is full costs the record of a fencing, never the fencing. */
  add(record: FencingRecord): void {
    this.#records = [...this.#records, record].slice(-kept);
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true, mode: 0o755 });
      this.#lines++;
      if (this.#lines <= 2 * kept) appendFileSync(this.#file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      else this.#rewrite();
    } catch (error) {
      this.#onTrouble(`the history of fencing is not kept: ${(error as Error).message}`);
    }
  }

  #rewrite(): void {
    const beside = `${this.#file}.new`;
    try {
      writeFileSync(beside, this.#records.map((record) => `${JSON.stringify(record)}\n`).join(''), { mode: 0o600 });
      renameSync(beside, this.#file);
      this.#lines = this.#records.length;
    } finally {
      rmSync(beside, { force: true });
    }
  }
}

/** Lines that a crash cut short are left out. */
function readRecords(file: string): FencingRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line): FencingRecord[] => {
    try {
      const record = JSON.parse(line) as FencingRecord;
      return typeof record?.time === 'number' && typeof record.node === 'string' ? [record] : [];
    } catch {
      return [];
    }
  });
}
