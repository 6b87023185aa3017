import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupOf } from './cgroup.ts';

async function pidsBelow(group: string): Promise<number[]> {
  const text = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => pidsBelow(join(group, entry.name))),
  );
  return [...text.split('\n').filter(Boolean).map(Number), ...below.flat()];
}

/** All processes of a member, by their ids on this host. */
export const pidsOf = (lab: string, member: string): Promise<number[]> => pidsBelow(groupOf(lab, member));

/**
 * The processes of a member whose command line contains `word`, by their ids on this host. None where it is off.
 * A machine's processes are the host's, so a fault of one of them needs no shell in the machine.
 */
export async function processesWith(lab: string, member: string, word: string): Promise<number[]> {
  const pids = await pidsOf(lab, member);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => commands[index]!.replaceAll('\0', ' ').includes(word));
}

/** Whether a signal has stopped the process: state T of proc(5). False where it is gone. */
export async function isStopped(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /\) T /.test(text);
}

/** Signals a process; one that has ended meanwhile is none. Returns whether it was there. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Lets every process of the member go on that a signal has stopped. */
export async function continueStopped(lab: string, member: string): Promise<void> {
  for (const pid of await pidsOf(lab, member)) if (await isStopped(pid)) signal(pid, 'SIGCONT');
}
