import type { Configuration } from '../linux-ha/cluster.ts';
import type { WatchdogStatus } from '../wire/status.ts';
import { Respawn } from './drivers/respawn.ts';
import { Watchdog } from './drivers/watchdog.ts';
import type { Journal } from './journal.ts';

interface Parts {
  readonly configuration: Configuration;
  readonly journal: Journal;
  /** Monotonic milliseconds at which the loop last took a step. */
  readonly steppedAt: () => number;
  readonly now: () => number;
}

/** Looks come once a second; a loop that took no step for so long (and three keepalives) is not well. */
const longestStep = 3000;

/** What runs beside the decisions, as ha.cf says: the watchdog, and programs that musterd keeps running. */
export class Companions {
  readonly #parts: Parts;
  readonly #watchdog: Watchdog | undefined;
  readonly #programs: readonly Respawn[];
  readonly #longestStep: number;
  #hungry = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { journal, configuration } = parts;
    const { watchdog, respawn = [], timings } = configuration.cluster;
    this.#watchdog = watchdog === undefined ? undefined : new Watchdog(watchdog);
    this.#longestStep = Math.max(longestStep, 3 * timings.keepalive);
    this.#programs = respawn.map(
      (command) =>
        new Respawn({
          command,
          environment: configuration.running.environment,
          say: (why) => journal.say('respawn', why),
          warn: (why) => journal.warn('respawn', why),
        }),
    );
  }

  start(): void {
    for (const program of this.#programs) void program.start();
    if (this.#watchdog === undefined) return;
    this.#watchdog.open();
    const { device, armed, why } = this.#watchdog.status();
    if (armed) this.#parts.journal.say('watchdog', `${device} is open: without musterd this machine restarts`);
    else this.#parts.journal.warn('watchdog', `${device} protects nothing: ${why}`);
  }

  /** About once a second, from the loop's own thread: the watchdog is fed while the loop is well. */
  look(): void {
    if (this.#watchdog === undefined) return;
    const { journal, now, steppedAt } = this.#parts;
    const hungry = now() - steppedAt() > this.#longestStep;
    const before = this.#watchdog.status().armed;
    if (!hungry) this.#watchdog.feed();
    else if (!this.#hungry)
      journal.warn('watchdog', `${this.#watchdog.device} is not fed: the loop took no step lately`);
    this.#hungry = hungry;
    const { device, armed, why } = this.#watchdog.status();
    if (before && !armed) journal.warn('watchdog', `${device} protects nothing any more: ${why}`);
  }

  /** Layers of protection beside the kernel's gate, as `status` names them. */
  layers(): string[] {
    return this.#watchdog?.status().armed ? ['watchdog'] : [];
  }

  watchdog(): WatchdogStatus | null {
    return this.#watchdog?.status() ?? null;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    this.#watchdog?.close();
  }
}
