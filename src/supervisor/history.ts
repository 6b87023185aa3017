import { readFileSync } from 'node:fs';
import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { type JournalLine, linesAbout, showJournalLine } from '../wire/journal.ts';

/** Bytes after which a file is put aside, over the one that was put aside before: there are two at most. */
const mostBytes = 512 * 1024;
/** Lines that wait for a disk that is slow or full before some are lost. */
const mostWaiting = 1000;

/** What nobody asks for who wants to know what moved. */
const noise = new Set(['announce', 'configuration', 'renewed-late', 'address', 'history', 'reload', 'kernel']);

const fileOf = (stateDir: string): string => join(stateDir, 'history');

/**
 * What the journal says of moves and their reasons, in the state directory, so that it outlives restarts and log daemons.
 * One JSON line each. Nobody waits for it: on a disk that is full lines are lost and counted, and nothing else happens.
 */
export class History {
  readonly #file: string;
  readonly #node: string;
  readonly #waiting: string[] = [];
  #lost = 0;
  #bytes: number | undefined;
  #writing: Promise<void> | undefined;

  constructor(stateDir: string, node: string) {
    this.#file = fileOf(stateDir);
    this.#node = node;
  }

  /** Lines that were lost and not told of yet. */
  get lost(): number {
    return this.#lost;
  }

  keep(line: JournalLine): void {
    if (noise.has(line.what) || line.what.startsWith('server-')) return;
    if (this.#waiting.length >= mostWaiting) {
      this.#lost++;
      return;
    }
    this.#waiting.push(JSON.stringify(line));
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      const text = [...this.#lostLine(), ...lines].map((line) => `${line}\n`).join('');
      try {
        await this.#append(text);
        this.#lost = 0;
      } catch {
        this.#lost += lines.length;
        // What the disk took of it is cut off somewhere: the next line must not be glued to it.
        this.#bytes = undefined;
      }
    }
  }

  #lostLine(): string[] {
    if (this.#lost === 0) return [];
    const why = `${this.#lost} lines before this one are lost, as the disk did not take them`;
    return [JSON.stringify({ time: Date.now(), node: this.#node, what: 'history-lost', why })];
  }

  async #append(text: string): Promise<void> {
    let apart = '';
    if (this.#bytes === undefined) {
      await mkdir(join(this.#file, '..'), { recursive: true, mode: 0o755 });
      this.#bytes = await stat(this.#file).then(
        ({ size }) => size,
        () => 0,
      );
      // The last writer may have been killed in the middle of a line.
      if (this.#bytes > 0) apart = '\n';
    }
    if (this.#bytes > 0 && this.#bytes + text.length > mostBytes) {
      await rename(this.#file, `${this.#file}.1`);
      this.#bytes = 0;
      apart = '';
    }
    await appendFile(this.#file, apart + text, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(apart + text);
  }
}

/** What is kept, oldest first; lines that were cut short are left out. Works without a running musterd. */
export function readHistory(stateDir: string): JournalLine[] {
  const file = fileOf(stateDir);
  const texts = [`${file}.1`, file].map((name) => {
    try {
      return readFileSync(name, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return '';
      throw new Problem(
        'hostFailed',
        `Cannot read the history in "${name}" as only root may, and it must be a file: ${message}`,
      );
    }
  });
  return texts.flatMap((text) => text.split('\n')).flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): JournalLine | undefined {
  if (line === '') return undefined;
  try {
    const read = JSON.parse(line) as JournalLine;
    return typeof read.time === 'number' && typeof read.what === 'string' ? read : undefined;
  } catch {
    return undefined;
  }
}

/** `musterd history`: a line each, of one group or all, of the last `since` milliseconds or of all times. */
export function showHistory(
  stateDir: string,
  group: string | undefined,
  since: number | undefined,
  json: boolean,
  now = Date.now(),
): string {
  const lines = readHistory(stateDir).filter(({ time }) => since === undefined || time >= now - since);
  return linesAbout(group, lines)
    .map((line) => (json ? JSON.stringify(line) : showJournalLine(line)))
    .join('\n');
}
