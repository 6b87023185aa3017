import type { Cluster } from '../model/cluster.ts';
import { type ControlAnswer, type ControlRequest, unknownGroup } from '../wire/control.ts';
import { linesAbout } from '../wire/journal.ts';
import { showExplanation } from '../wire/show-explanation.ts';
import type { Status } from '../wire/status.ts';
import type { FencingParts } from './fencing/parts.ts';
import type { Journal } from './journal.ts';
import type { Loop } from './loop.ts';
import { operatorCommand } from './operator-commands.ts';
import type { Reload } from './reload.ts';
import type { Tellers } from './tellers.ts';

interface Parts {
  readonly cluster: Cluster;
  readonly journal: Journal;
  readonly loop: Loop;
  readonly reload: Reload;
  readonly fencing: FencingParts;
  readonly tellers: Tellers;
  readonly status: () => Status;
}

/** How far back `journal` and `explain` look, in lines. */
const lookBack = 400;

/** What the control socket is answered. */
export async function answerRequest(asked: ControlRequest, parts: Parts): Promise<ControlAnswer> {
  const { request, group } = asked;
  const { cluster, journal, loop, reload, fencing, tellers, status } = parts;
  if (request === 'status') return { ok: true, status: status() };
  if (request === 'explain' || request === 'journal') {
    const unknown = unknownGroup(request, group, cluster);
    if (unknown !== undefined) return { ok: false, text: unknown, usage: true };
  }
  if (request === 'journal') return { ok: true, journal: linesAbout(group, journal.recent(lookBack)) };
  if (request === 'reload') return reload.run('asked for by an operator');
  if (request === 'fence-history') return { ok: true, fencings: fencing.history.records };
  if (request === 'fence') {
    const { target = '', confirmed = false } = asked;
    return fencing.noted(target, confirmed, await loop.ask({ kind: request, node: target, confirmed }));
  }
  if (request === 'alerts')
    return { ok: true, alerts: asked.test === true ? await tellers.alerts.test() : tellers.alerts.status() };
  if (request === 'monitors') return { ok: true, monitors: tellers.monitors.status() };
  const command = operatorCommand(asked);
  if (command !== undefined) return loop.ask(command);
  const seen = status();
  const wanted = seen.groups.filter(({ name }) => group === undefined || name === group);
  const text = wanted.map((found) => showExplanation(seen, found, journal.recent(lookBack), Date.now())).join('\n\n');
  return { ok: true, text };
}
