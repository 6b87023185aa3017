import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { JournalLine } from '../wire/journal.ts';

/** What the journal keeps in memory, for `musterd explain`. */
const keptLines = 200;

/**
 * One JSON line for each decision, with its reason. Written without waiting: a log daemon that hangs must not cost a
 * renewal, so lines beyond 1 MB of backlog are lost instead.
 */
export class Journal {
  readonly #node: string;
  readonly #logger: Logger;
  readonly #destination: DestinationStream & { flushSync?(): void };
  #kept: JournalLine[] = [];

  constructor(node: string, out?: DestinationStream) {
    this.#node = node;
    this.#destination = out ?? destination({ fd: 1, sync: false, maxLength: 1_048_576 });
    this.#logger = pino({ base: { node }, messageKey: 'why' }, this.#destination);
  }

  /** A decision, or something that a person may want to know when looking for the reason of one. */
  say(what: string, why: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#keep(what, why, details);
    this.#logger.info({ what, ...details }, why);
  }

  /** Something that a person has to look after. */
  warn(what: string, why: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#keep(what, why, details);
    this.#logger.warn({ what, ...details }, why);
  }

  /** The latest lines, oldest first. */
  recent(count = 10): readonly JournalLine[] {
    return this.#kept.slice(-count);
  }

  /** Before the end of the process. */
  flush(): void {
    try {
      this.#destination.flushSync?.();
    } catch {
      // Nobody reads it any more.
    }
  }

  #keep(what: string, why: string, details: Readonly<Record<string, unknown>>): void {
    this.#kept.push({ time: Date.now(), node: this.#node, what, why, ...details });
    if (this.#kept.length > keptLines * 2) this.#kept = this.#kept.slice(-keptLines);
  }
}
