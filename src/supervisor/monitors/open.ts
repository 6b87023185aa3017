import { join } from 'node:path';
import type { View } from '../../core/describe.ts';
import type { Seen } from '../../core/monitoring.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Journal } from '../journal.ts';
import { lookAt } from './look.ts';
import { MonitorMemory } from './memory.ts';
import { Monitors } from './monitors.ts';

/** The monitors of a cluster's node; nothing runs before they are told who is there. */
export function openMonitors(
  { name, monitors = [] }: Pick<Cluster, 'name' | 'monitors'>,
  self: NodeName,
  runDir: string,
  journal: Journal,
  alerts: Alerts,
  now: () => number,
): Monitors {
  const directory = join(runDir, 'monitors');
  return new Monitors({
    monitors,
    cluster: name,
    self,
    look: (monitor, signal) => lookAt(monitor, directory, signal),
    raise: (alert, names) => alerts.raise(alert, names),
    say: (what, why) => journal.say(what, why),
    now,
    memory: monitors.length === 0 ? undefined : new MonitorMemory(join(runDir, 'monitors.json'), now),
  });
}

/** Who is there, as monitors ask it. */
export function seenBy({ nodes, groups, quorum }: View, order: readonly NodeName[]): Seen {
  const there = new Set(nodes.filter(({ state }) => ['self', 'up', 'late'].includes(state)).map(({ name }) => name));
  return {
    quorate: quorum.quorate,
    nodes: order.filter((node) => there.has(node)),
    holders: new Map(groups.map((group) => [group.name, group.holder])),
  };
}
