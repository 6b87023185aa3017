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

  constructor({ cluster, self, settings, journal, now, view }: Parts) {
    this.#nodes = cluster.nodes;
    this.#history = new History(settings.stateDir, self);
    journal.listen((line) => this.#history.keep(line));
    this.alerts = openAlerts(cluster, self, settings.runDir, journal, view);
    this.monitors = openMonitors(cluster, self, settings.runDir, journal, this.alerts, now);
  }

  /** About once a second. */
  look(view: View): void {
    this.monitors.follow(seenBy(view, this.#nodes));
  }

  async stop(): Promise<void> {
    this.monitors.stop();
    await this.alerts.stop();
    await this.#history.flush();
  }
}
