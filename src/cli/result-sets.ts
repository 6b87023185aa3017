import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { fileOfInventory, keepPrivately } from '../inventory/file-of-inventory.ts';
import { type ResultSet, resultSets } from '../model/inventory.ts';

type Results = Readonly<Record<ResultSet, readonly string[]>>;

export function isResultSet(name: string): name is ResultSet {
  return resultSets.includes(name as ResultSet);
}

/** Each inventory has a last run of its own: `@failed` of one never means a host of another that has the same name. */
function fileFor(inventory: string): string {
  const state = process.env.XDG_STATE_HOME || join(homedir(), '.local/state');
  return fileOfInventory(join(state, 'muster', 'last-run'), inventory, '.json');
}

/** Keeps what became of the hosts for `@ok`, `@failed` and `@unreachable`. Without a home to write to, nothing is kept. */
export function keepResults(inventory: string, outcomes: readonly { host: string; state: string }[]): void {
  const having = (...states: string[]): string[] =>
    outcomes.filter(({ state }) => states.includes(state)).map(({ host }) => host);
  const results: Results = { ok: having('ok'), failed: having('failed'), unreachable: having('unreachable') };
  try {
    keepPrivately(fileFor(inventory), `${JSON.stringify(results)}\n`);
  } catch {
    // The run itself is what counts; whoever asks for @failed is told that nothing was kept.
  }
}

/** The hosts of a result set of the last run on this inventory. Throws `Problem('usage')` where there was none. */
export function lastResults(inventory: string, name: ResultSet): readonly string[] {
  try {
    const results = JSON.parse(readFileSync(fileFor(inventory), 'utf8')) as Partial<Results>;
    return results[name] ?? [];
  } catch {
    throw new Problem('usage', `Cannot use "@${name}" as it is what the last run left: none on ${inventory} is known`, {
      hint: 'muster run, copy and fetch leave @ok, @failed and @unreachable behind',
    });
  }
}
