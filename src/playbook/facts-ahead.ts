import { Problem } from '../base/problem.ts';
import type { Host } from '../model/inventory.ts';
import { type BindContext, holds, prepare, scopeOf, type Unit, unitsOf } from './bind.ts';
import type { FactRequest } from './facts/fact.ts';
import { LateValue } from './late.ts';
import type { Play, Task } from './playbook.ts';

export interface TaskAhead {
  readonly play: Play;
  readonly task: Task;
}

/**
 * The facts of tasks that are still ahead on a host, as far as they can be told already: they come along with an exchange
 * that is made anyway. Volatile ones only for the play that runs, costly ones never. Mistakes in a task show when its
 * turn comes.
 */
export async function factsAhead(
  context: BindContext,
  host: Host,
  ahead: readonly TaskAhead[],
): Promise<readonly FactRequest[]> {
  const requests: FactRequest[] = [];
  for (const { play, task } of ahead) {
    const now = play === ahead[0]!.play;
    try {
      for (const unit of unitsOf(context, play, task, host) ?? []) {
        if (!mayHold(context, unit)) continue;
        const { facts } = await prepare(context, unit);
        requests.push(...facts.filter(({ kind }) => kind.costly !== true && (now || kind.volatile !== true)));
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return requests;
}

function mayHold(context: BindContext, unit: Unit): boolean {
  try {
    return holds(unit.task.when, unit.task, 'when', scopeOf(context, unit));
  } catch (error) {
    if (error instanceof LateValue) return true;
    throw error;
  }
}
