import type { Journal } from '../journal.ts';

/** The same complaint comes once in this time, in milliseconds: somebody who knocks on and on must not fill the journal. */
const interval = 60_000;
/** So many different ones are remembered; when there are more, somebody makes them up. */
const mostKept = 256;

/** Warnings that strangers cause: each is journalled once a minute, with how often it came since. */
export class Complaints {
  readonly #journal: Journal;
  readonly #now: () => number;
  readonly #said = new Map<string, { at: number; since: number }>();

  constructor(journal: Journal, now: () => number) {
    this.#journal = journal;
    this.#now = now;
  }

  say(what: string, key: string, why: string): void {
    const now = this.#now();
    const before = this.#said.get(key);
    if (before !== undefined && now < before.at + interval) {
      before.since++;
      return;
    }
    if (before === undefined && this.#said.size >= mostKept) {
      for (const [known, { at }] of this.#said) if (now >= at + interval) this.#said.delete(known);
      if (this.#said.size >= mostKept) return;
    }
    this.#said.set(key, { at: now, since: 0 });
    const again = before === undefined || before.since === 0 ? '' : ` (and ${before.since} times since the last line)`;
    this.#journal.warn(what, `${why}${again}`);
  }
}
