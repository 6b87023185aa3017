import { readFile } from 'node:fs/promises';
import { Problem } from '../base/problem.ts';
import { type CommandResult, capture } from './command.ts';
import { pidsOf } from './processes.ts';
import type { LabPaths } from './types.ts';

/** The host's id of the machine's own process 1; undefined where it is off or has not got that far. */
async function leaderOf(paths: LabPaths, node: string): Promise<number | undefined> {
  for (const pid of await pidsOf(paths.name, node)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    // Ids from the outermost namespace to the innermost (proc(5)); the machine's first process is 1 in its own.
    if (/^NSpid:\t\d+\t1$/m.test(status)) return pid;
  }
  return undefined;
}

/**
 * Runs a program in the node as root, without its network: it works behind any cut. The program is none of the
 * node's own processes: a freeze does not stop it, and the node's memory is not its own.
 */
export async function runInNode(paths: LabPaths, node: string, argv: readonly string[]): Promise<CommandResult> {
  const leader = await leaderOf(paths, node);
  if (leader !== undefined) return capture(['nsenter', `--target=${leader}`, '--all', '--', ...argv]);
  throw new Problem('usage', `Cannot run "${argv.join(' ')}" on "${node}" as it must be on: its power is off`, {
    hint: `muster lab power on ${node}`,
  });
}
