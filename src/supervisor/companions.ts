import { spawnSync } from 'node:child_process';
import { Problem } from '../base/problem.ts';
import type { Configuration } from '../linux-ha/cluster.ts';
import type { Cluster } from '../model/cluster.ts';
import { canFence, longestFencingOf, usualWatchdog } from '../model/fencing.ts';
import type { NodeName } from '../model/names.ts';
import type { WatchdogStatus } from '../wire/status.ts';
import { Respawn } from './drivers/respawn.ts';
import { Watchdog } from './drivers/watchdog.ts';
import type { Journal } from './journal.ts';

export type MustEnd = 'now' | 'later' | 'no';

interface Parts {
  readonly configuration: Configuration;
  readonly self: NodeName;
  readonly journal: Journal;
  /** Monotonic milliseconds at which the loop last took a step. */
  readonly steppedAt: () => number;
  readonly now: () => number;
  /** Whether this node still has to end by its own word; `later`: somebody wants it to be let alone. */
  readonly mustEnd?: (() => MustEnd) | undefined;
  /** Makes the kernel's own watchdog be there; whether it could. */
  readonly loadWatchdog?: (() => boolean) | undefined;
}

/** Looks come once a second; a loop that took no step for so long (and three keepalives) is not well. */
const longestStep = 3000;
/** Between two looks whether a machine that is let alone may end by now; milliseconds. */
const laterEvery = 1000;

/** Which device is fed; undefined: none. */
export function watchdogOf({
  watchdog,
  watchdogPolicy,
}: Pick<Cluster, 'watchdog' | 'watchdogPolicy'>): string | undefined {
  if (watchdogPolicy === 'off') return undefined;
  return watchdog ?? (watchdogPolicy === undefined ? undefined : usualWatchdog);
}

/** Where the kernel was built so that a watchdog never ends, a musterd that is stopped would restart the machine. */
function loadSoftdog(): boolean {
  return spawnSync('modprobe', ['softdog', 'nowayout=0'], { stdio: 'ignore', timeout: 5000 }).status === 0;
}

/** What runs beside the decisions, as ha.cf says: the watchdog, and programs that musterd keeps running. */
export class Companions {
  readonly #parts: Parts;
  readonly #watchdog: Watchdog | undefined;
  readonly #programs: readonly Respawn[];
  readonly #longestStep: number;
  #hungry = false;
  #starved = false;
  #ending: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { journal, configuration } = parts;
    const { respawn = [], timings } = configuration.cluster;
    const watchdog = watchdogOf(configuration.cluster);
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
  }

  /** Throws a Problem where a watchdog is required and there is none. */
  openWatchdog(): void {
    if (this.#watchdog === undefined) return;
    const { configuration, loadWatchdog = loadSoftdog } = this.#parts;
    const { watchdogPolicy } = configuration.cluster;
    this.#watchdog.open();
    // The kernel has one for every machine, where nobody has loaded a better one.
    if (watchdogPolicy !== undefined && !this.#watchdog.status().armed && loadWatchdog()) this.#watchdog.open();
    const { device, armed, why } = this.#watchdog.status();
    if (!armed && watchdogPolicy === 'required')
      throw new Problem(
        'hostFailed',
        `Cannot start musterd without watchdog "${device}" as muster.yml requires one: ${why}`,
        { hint: 'modprobe softdog nowayout=0, or "watchdog: automatic" under "fencing"' },
      );
    if (armed) this.#parts.journal.say('watchdog', `${device} is open: without musterd this machine restarts`);
    else this.#parts.journal.warn('watchdog', `${device} protects nothing: ${why}`);
  }

  /** About once a second, from the loop's own thread: the watchdog is fed while the loop is well. */
  look(): void {
    if (this.#watchdog === undefined) return;
    if (this.#mustEnd() === 'no') this.#forgetEnding();
    const { journal, now, steppedAt } = this.#parts;
    const hungry = this.#starved || now() - steppedAt() > this.#longestStep;
    const before = this.#watchdog.status().armed;
    if (!hungry) this.#watchdog.feed();
    else if (!this.#hungry && !this.#starved)
      journal.warn('watchdog', `${this.#watchdog.device} is not fed: the loop took no step lately`);
    this.#hungry = hungry;
    const { device, armed, why } = this.#watchdog.status();
    if (before && !armed) journal.warn('watchdog', `${device} protects nothing any more: ${why}`);
  }

  /**
   * Ends this machine by its watchdog, where it has one: nothing else is left to a node that cannot stop what it has to. The
   * watchdog bites when its time is over, usually within a minute.
   */
  starve(why: string): boolean {
    if (this.#watchdog?.status().armed !== true || this.#starved) return this.#starved;
    this.#starved = true;
    this.#parts.journal.warn('watchdog', `${this.#watchdog.device} is fed no more, so this machine restarts: ${why}`);
    return true;
  }

  /**
   * A node that cannot stop what it has to has to end: the others have devices for that, and time to use them. Where none
   * can, or all fail, its own watchdog is left; not where it has stopped after all by then, or an operator has mended it, and
   * not while it is in maintenance.
   */
  endMachine(why: string): void {
    const { cluster } = this.#parts.configuration;
    const able = canFence(cluster.fencing, this.#parts.self);
    const patience = able ? 2 * longestFencingOf(cluster.fencing, this.#parts.self) + 10_000 : 0;
    this.#ending ??= setTimeout(() => this.#end(why), patience);
  }

  #end(why: string): void {
    const must = this.#mustEnd();
    this.#ending = must === 'later' ? setTimeout(() => this.#end(why), laterEvery) : undefined;
    if (must === 'now') this.starve(why);
  }

  #mustEnd(): MustEnd {
    return this.#parts.mustEnd?.() ?? 'now';
  }

  #forgetEnding(): void {
    clearTimeout(this.#ending);
    this.#ending = undefined;
  }

  /** Layers of protection beside the kernel's gate, as `status` names them. */
  layers(): string[] {
    const { fencing } = this.#parts.configuration.cluster;
    return [...(this.#watchdog?.status().armed ? ['watchdog'] : []), ...(fencing === undefined ? [] : ['fencing'])];
  }

  watchdog(): WatchdogStatus | null {
    return this.#watchdog?.status() ?? null;
  }

  async stop(): Promise<void> {
    this.#forgetEnding();
    await Promise.all(this.#programs.map((program) => program.stop()));
    if (!this.#starved) this.#watchdog?.close();
  }
}
