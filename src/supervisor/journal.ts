import type { JournalLine } from '../wire/journal.ts';
import { LineWriter } from './line-writer.ts';

/** Where lines go: whole ones, each with its newline. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when all is written, or will not be. */
  flush(): Promise<void>;
}

/** `warned`: a person has to look after it. */
export type JournalListener = (line: JournalLine, warned: boolean) => void;

/** What the journal keeps in memory, for `musterd explain`. */
const keptLines = 200;

/** Levels as pino and bunyan number them, which log viewers know. */
const levels = { info: 30, warn: 40 } as const;

/**
 * One JSON line for each decision, with its reason. By hand rather than through a logging library: that would be a tenth
 * of the daemon's own memory for one `JSON.stringify`.
 */
export class Journal {
  readonly #node: string;
  readonly #sink: LineSink;
  readonly #more: Readonly<Record<string, string>>;
  readonly #listeners: JournalListener[];
  #kept: JournalLine[] = [];

  /** `more` stands in every line. */
  constructor(
    node: string,
    sink: LineSink = new LineWriter(1),
    more: Readonly<Record<string, string>> = {},
    listeners: JournalListener[] = [],
  ) {
    this.#node = node;
    this.#sink = sink;
    this.#more = more;
    this.#listeners = listeners;
  }

  /** A journal to the same place whose lines say more: which cluster of an arbiter they are about. */
  for(more: Readonly<Record<string, string>>): Journal {
    return new Journal(this.#node, this.#sink, { ...this.#more, ...more }, this.#listeners);
  }

  /** From now on every line comes there, too, once it is written; it must return at once. */
  listen(listener: JournalListener): void {
    this.#listeners.push(listener);
  }

  /** A decision, or something that a person may want to know when looking for the reason of one. */
  say(what: string, why: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#line(levels.info, what, why, details);
  }

  /** Something that a person has to look after. */
  warn(what: string, why: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#line(levels.warn, what, why, details);
  }

  /** The latest lines, oldest first. */
  recent(count = 10): readonly JournalLine[] {
    return this.#kept.slice(-count);
  }

  /** Before the end of the process. */
  flush(): Promise<void> {
    return this.#sink.flush();
  }

  #line(level: number, what: string, why: string, details: Readonly<Record<string, unknown>>): void {
    const line = { time: Date.now(), node: this.#node, ...this.#more, what, ...details, why };
    this.#kept.push(line);
    if (this.#kept.length > keptLines * 2) this.#kept = this.#kept.slice(-keptLines);
    this.#sink.write(`${JSON.stringify({ level, ...line })}\n`);
    for (const listener of this.#listeners) listener(line, level >= levels.warn);
  }
}
