import type { View } from '../core/describe.ts';
import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';
import type { Alerts } from './alerts/alerts.ts';
import { openAlerts } from './alerts/open.ts';
import { History } from './history.ts';
import type { Journal } from './journal.ts';
import type { Monitors } from './monitors/monitors.ts';
import { openMonitors, seenBy } from './monitors/open.ts';
import type { Settings } from './settings.ts';

interface Parts {
  readonly cluster: Cluster;
  readonly self: NodeName;
  readonly settings: Pick<Settings, 'runDir' | 'stateDir'>;
  readonly journal: Journal;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Not asked before something is known of peers. */
  readonly view: () => View;
}

/** What becomes of the journal for people: it is kept, and they are told of what concerns them; monitors add to it. */
export class Tellers {
  readonly alerts: Alerts;
  readonly monitors: Monitors;
  readonly #history: History;
  readonly #nodes: readonly NodeName[];
  readonly #view: () => View;
  #stopped = false;

  constructor({ cluster, self, settings, journal, now, view }: Parts) {
    this.#nodes = cluster.nodes;
    this.#view = view;
    this.#history = new History(settings.stateDir, self);
    journal.listen((line) => this.#history.keep(line));
    this.alerts = openAlerts(cluster, self, settings.runDir, journal, view);
    this.monitors = openMonitors(cluster, self, settings.runDir, journal, this.alerts, now);
  }

  /** About once a second. */
  look(): void {
    if (this.#stopped || this.monitors.none) return;
    this.monitors.follow(seenBy(this.#view(), this.#nodes));
  }

  /** Nobody is told any more; what the journal says is kept all the same. Resolves after some seconds at the latest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.monitors.stop();
    await this.alerts.stop();
  }

  /** Resolves when all of it is on the disk. */
  async flush(): Promise<void> {
    await this.#history.flush();
  }
}
