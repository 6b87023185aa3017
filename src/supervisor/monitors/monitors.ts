import { newWatched, noteResult, runnerOf, type Seen, type Watched } from '../../core/monitoring.ts';
import { type Monitor, monitorName } from '../../model/monitors.ts';
import type { NodeName } from '../../model/names.ts';
import type { MonitorStatus } from '../../wire/monitors.ts';
import type { Alert } from '../alerts/alert.ts';
import type { Found } from './look.ts';
import type { MonitorMemory } from './memory.ts';

interface Parts {
  readonly monitors: readonly Monitor[];
  readonly cluster: string;
  readonly self: NodeName;
  readonly look: (monitor: Monitor, signal: AbortSignal) => Promise<Found>;
  readonly raise: (alert: Alert, names?: readonly string[]) => void;
  readonly say: (what: 'monitor-down' | 'monitor-up', why: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1: the first looks do not all come at once. */
  readonly random?: (() => number) | undefined;
  /** What this node had seen before its musterd was restarted. */
  readonly memory?: MonitorMemory | undefined;
}

interface Watch {
  readonly monitor: Monitor;
  readonly name: string;
  watched: Watched;
  last: { readonly summary: string; readonly at: number } | undefined;
  runner: NodeName | undefined;
  /** Looking here: ends the rounds. */
  running: AbortController | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** The first look comes within so long; milliseconds. */
const firstWithin = 2000;

/**
 * Runs the monitors whose turn it is here. Another node begins anew: it has seen nothing yet. A musterd that was restarted goes
 * on where the last one was: nobody is alerted twice for that, and who was alerted hears when all is well again.
 */
export class Monitors {
  readonly #parts: Parts;
  readonly #watches: readonly Watch[];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watches = parts.monitors.map((monitor): Watch => {
      const nothing = { last: undefined, runner: undefined, running: undefined, timer: undefined };
      return { monitor, name: monitorName(monitor), watched: newWatched(), ...nothing };
    });
  }

  /** Nothing is looked after. */
  get none(): boolean {
    return this.#watches.length === 0;
  }

  /** Who is there has changed, or may have: about once a second. */
  follow(seen: Seen): void {
    for (const watch of this.#watches) {
      watch.runner = runnerOf(watch.monitor, seen);
      const here = watch.runner === this.#parts.self;
      if (here && watch.running === undefined) this.#begin(watch);
      else if (!here && watch.running !== undefined) {
        this.#end(watch);
        this.#keep();
      }
    }
  }

  status(): MonitorStatus[] {
    const { now, self } = this.#parts;
    return this.#watches.map(({ monitor, name, watched, last, runner }) => {
      const { state, failures, failingSince, alertedAt, heldBackBy } = watched;
      return {
        name,
        hosts: monitor.hosts,
        check: monitor.check.kind,
        runner: runner ?? null,
        state: runner === self ? state : 'elsewhere',
        failures,
        failingMs: failingSince === undefined ? null : Math.round(now() - failingSince),
        alerted: alertedAt !== undefined,
        heldBackBy: heldBackBy ?? null,
        summary: last?.summary ?? '',
        lookedMsAgo: last === undefined ? null : Math.round(now() - last.at),
      };
    });
  }

  stop(): void {
    for (const watch of this.#watches) this.#end(watch);
  }

  #begin(watch: Watch): void {
    const running = new AbortController();
    const watched = this.#parts.memory?.recall(watch.monitor) ?? newWatched();
    Object.assign(watch, { running, watched, last: undefined });
    const { random = Math.random } = this.#parts;
    const wait = Math.min(firstWithin, watch.monitor.interval) * random();
    watch.timer = setTimeout(() => void this.#round(watch, running.signal), wait);
  }

  #end(watch: Watch): void {
    clearTimeout(watch.timer);
    watch.running?.abort();
    watch.running = undefined;
  }

  #keep(): void {
    this.#parts.memory?.keep(this.#watches.filter(({ running }) => running !== undefined));
  }

  async #round(watch: Watch, signal: AbortSignal): Promise<void> {
    const { monitor } = watch;
    const began = this.#parts.now();
    const found = await this.#parts.look(monitor, signal);
    if (signal.aborted) return;
    this.#note(watch, found);
    const wait = Math.max(monitor.interval / 10, monitor.interval - (this.#parts.now() - began));
    watch.timer = setTimeout(() => void this.#round(watch, signal), wait);
  }

  #note(watch: Watch, found: Found): void {
    const { now, say, raise, cluster } = this.#parts;
    const { monitor, name, watched } = watch;
    const before = watched.state;
    watch.last = { summary: found.summary, at: now() };
    const failing = (other: string): boolean =>
      this.#watches.some((one) => one.name === other && one.watched.state === 'failing');
    const told = noteResult(watched, monitor, found.ok, failing, now());
    this.#keep();
    if (!found.ok && before !== 'failing') say('monitor-down', `${name}: ${found.summary}`);
    if (found.ok && before === 'failing') say('monitor-up', `${name}: ${found.summary}`);
    if (told === undefined) return;
    const up = told === 'up';
    const { group, service, hosts, alerts } = monitor;
    raise(
      {
        event: 'monitor',
        key: `monitor ${name}`,
        up,
        group,
        service,
        hosts: up ? hosts : found.failed,
        summary: found.summary,
        detail: `${found.detail}\n(${name} of cluster ${cluster})`,
        time: Date.now(),
      },
      alerts,
    );
  }
}
