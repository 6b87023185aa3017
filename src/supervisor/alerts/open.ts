import { join } from 'node:path';
import type { View } from '../../core/describe.ts';
import type { AlertTarget } from '../../model/alerts.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import { BootFile } from '../boot-file.ts';
import type { Journal } from '../journal.ts';
import { Alerts } from './alerts.ts';
import { tellByMail, tellProgram } from './mon.ts';
import type { Deliver } from './queue.ts';

/** The alerts of a cluster's node, which hear its journal from now on. */
export function openAlerts(
  { name, nodes, alerts = [] }: Pick<Cluster, 'name' | 'nodes' | 'alerts'>,
  self: NodeName,
  runDir: string,
  journal: Journal,
  view: () => View,
): Alerts {
  const directory = join(runDir, 'alerts');
  const deliver = (target: AlertTarget, failedAt: number | undefined): Deliver => {
    const { way, timeout } = target;
    return async (alert, signal) => {
      if (way.kind === 'exec') return tellProgram(way, alert, failedAt, { timeout, directory, signal });
      if (way.kind === 'mail') return tellByMail(way, alert, { timeout, directory, signal });
      // Node's fetch is a good part of a small daemon's memory: loaded where it is needed.
      const { tellWebhook } = await import('./webhook.ts');
      return tellWebhook(way, alert, self, timeout, signal);
    };
  };
  const memory = alerts.length === 0 ? undefined : new BootFile(join(runDir, 'alerts.json'));
  const opened = new Alerts({ targets: alerts, cluster: name, self, nodes, journal, view, deliver, memory });
  journal.listen((line, warned) => opened.onLine(line, warned));
  return opened;
}
