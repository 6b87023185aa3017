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
  /** What it depends on, directly or through others. */
  readonly needs: readonly string[];
  watched: Watched;
  last: { readonly summary: string; readonly at: number } | undefined;
  runner: NodeName | undefined;
  /** Looking here: ends the rounds. */
  running: AbortController | undefined;
  /** Another node alerts; this one looks only for the sake of those that depend on it. */
  quiet: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** The first look comes within so long; milliseconds. */
const firstWithin = 2000;

/**
 * Runs the monitors whose turn it is here. Another node begins anew: it has seen nothing yet. A musterd that was restarted goes
 * on where the last one was: nobody is alerted twice for that, and who was alerted hears when all is well again.
 *
 * What these depend on may be another node's to tell (`run_by`). Then this node looks at it as well, and tells nobody: whether
 * a host is out of reach because a router is depends on from where one looks.
 */
export class Monitors {
  readonly #parts: Parts;
  readonly #watches: readonly Watch[];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watches = parts.monitors.map((monitor): Watch => {
      const nothing = { last: undefined, runner: undefined, running: undefined, quiet: false, timer: undefined };
      const needs = dependenciesOf(monitor, parts.monitors);
      return { monitor, name: monitorName(monitor), needs, watched: newWatched(), ...nothing };
    });
  }

  /** Nothing is looked after. */
  get none(): boolean {
    return this.#watches.length === 0;
  }

  /** Who is there has changed, or may have: about once a second. */
  follow(seen: Seen): void {
    for (const watch of this.#watches) watch.runner = runnerOf(watch.monitor, seen);
    const needed = new Set(this.#watches.filter((watch) => this.#isOurs(watch)).flatMap(({ needs }) => needs));
    for (const watch of this.#watches) {
      const ours = this.#isOurs(watch);
      const looks = ours || needed.has(watch.name);
      if (looks && watch.running === undefined) this.#begin(watch, !ours);
      else if (!looks && watch.running !== undefined) this.#end(watch);
      else if (looks && watch.quiet === ours) {
        watch.quiet = !ours;
        // Who tells of it begins to count now; what depends on it is not let go for that.
        watch.watched = { ...newWatched(), state: watch.watched.state };
      } else continue;
      if (!ours) this.#keep();
    }
  }

  /** Whether it is this node that tells of it. */
  #isOurs({ runner }: Watch): boolean {
    return runner === this.#parts.self;
  }

  status(): MonitorStatus[] {
    const { now, self } = this.#parts;
    return this.#watches.map(({ monitor, name, runner, ...seen }) => {
      const ours = runner === self;
      // What it sees for the sake of others is the runner's to say.
      const last = ours ? seen.last : undefined;
      const { state, failures, failingSince, alertedAt, heldBackBy } = ours ? seen.watched : newWatched();
      return {
        name,
        hosts: monitor.hosts,
        check: monitor.check.kind,
        runner: runner ?? null,
        state: ours ? state : 'elsewhere',
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

  #begin(watch: Watch, quiet: boolean): void {
    const running = new AbortController();
    const watched = (quiet ? undefined : this.#parts.memory?.recall(watch.monitor)) ?? newWatched();
    Object.assign(watch, { running, quiet, watched, last: undefined });
    const { random = Math.random } = this.#parts;
    const wait = Math.min(firstWithin, watch.monitor.interval) * random();
    watch.timer = setTimeout(() => void this.#round(watch, running.signal), wait);
  }

  /** What was seen says nothing any more: nobody is to be held back for ever by something that failed here long ago. */
  #end(watch: Watch): void {
    clearTimeout(watch.timer);
    watch.running?.abort();
    watch.running = undefined;
    watch.watched = newWatched();
  }

  #keep(): void {
    this.#parts.memory?.keep(this.#watches.filter(({ running, quiet }) => running !== undefined && !quiet));
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
    const before = watched.failures;
    watch.last = { summary: found.summary, at: now() };
    const failing = (other: string): boolean =>
      this.#watches.some((one) => one.name === other && one.watched.state === 'failing');
    const told = noteResult(watched, { ...monitor, depends: watch.needs }, found.ok, failing, now());
    if (watch.quiet) return;
    this.#keep();
    if (!found.ok && before === 0) say('monitor-down', `${name}: ${found.summary}`);
    if (found.ok && before > 0) say('monitor-up', `${name}: ${found.summary}`);
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

/** As Mon does: a host behind a switch behind a router depends on both, whoever of them was looked at first. */
function dependenciesOf(monitor: Monitor, all: readonly Monitor[]): string[] {
  const names = new Set(monitor.depends);
  for (const name of names)
    for (const one of all.find((other) => monitorName(other) === name)?.depends ?? []) names.add(one);
  return [...names];
}
