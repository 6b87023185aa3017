import { badInput, type Mistake, Problem } from '../base/problem.ts';
import type { Host } from '../model/inventory.ts';
import { type BindContext, holds, prepare, scopeOf, unitsOf } from './bind.ts';
import { LateValue, late } from './late.ts';
import type { Play, Task } from './playbook.ts';

/**
 * Renders everything that can be rendered without a host's answer, for all plays and hosts, before the first host is
 * touched. Rejects with all mistakes at once.
 */
export async function preflight(
  context: BindContext,
  plays: readonly { readonly play: Play; readonly hosts: readonly Host[] }[],
): Promise<void> {
  const mistakes = new Map<string, Mistake>();
  const collect = (error: unknown): void => {
    if (!(error instanceof Problem) || error.mistakes.length === 0) throw error;
    for (const mistake of error.mistakes) {
      const { file, line, column } = mistake.at;
      const key = `${file}:${line}:${column}`;
      if (!mistakes.has(key)) mistakes.set(key, mistake);
    }
  };
  for (const { play, hosts } of plays) {
    for (const host of hosts) {
      for (const task of [...play.tasks, ...play.handlers]) await checkTask(context, play, task, host).catch(collect);
    }
  }
  if (mistakes.size > 0) throw badInput([...mistakes.values()]);
}

async function checkTask(context: BindContext, play: Play, task: Task, host: Host): Promise<void> {
  const units = unitsOf(context, play, task, host);
  // A loop over what is not known yet is checked with one item that is late itself.
  for (const unit of units ?? [{ play, task, host, item: { value: late } }]) {
    try {
      if (!holds(task.when, task, 'when', scopeOf(context, unit))) continue;
    } catch (error) {
      if (!(error instanceof LateValue)) throw error;
    }
    await prepare(context, unit);
  }
}
