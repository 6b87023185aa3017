import type { Journal } from './journal.ts';

interface Parts {
  readonly journal: Pick<Journal, 'say'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Unix milliseconds. */
  readonly wallClock: () => number;
}

/** What a slewing clock does between two looks is far below; what people see in timestamps is above. */
const leastJump = 500;
/** A clock that somebody moves all the time is told once in so many milliseconds. */
const tellEvery = 60_000;

/**
 * Counts the jumps of the wall clock. Nothing is decided by that clock, so a jump does no harm; but who reads the journal
 * has to know why its times do not follow each other.
 */
export class ClockWatch {
  readonly #parts: Parts;
  #offset: number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #jumps = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#offset = parts.wallClock() - parts.now();
  }

  /** To be called about once a second: a jump is told apart from slewing by what the clock did since the last call. */
  look(): void {
    const now = this.#parts.now();
    const offset = this.#parts.wallClock() - now;
    const jump = offset - this.#offset;
    this.#offset = offset;
    if (Math.abs(jump) < leastJump) return;
    this.#jumps++;
    if (now - this.#toldAt < tellEvery) return;
    this.#toldAt = now;
    const way = jump > 0 ? 'forward' : 'back';
    const seconds = (Math.abs(jump) / 1000).toFixed(1);
    this.#parts.journal.say('clock', `the wall clock jumped ${way} by ${seconds} s; nothing is decided by it`);
  }

  counters(): { clockJumps: number } {
    return { clockJumps: this.#jumps };
  }
}
