import { existsSync } from 'node:fs';
import { readdir, readlink, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { destroyGroups } from './cgroup.ts';
import { unmountBelow } from './mounts.ts';
import { isNamespace } from './network.ts';
import type { LabPaths } from './types.ts';
import { detachVolumes } from './volume.ts';
import { waitUntil } from './wait.ts';

async function namespaceIds(paths: LabPaths): Promise<Set<string>> {
  const folder = dirname(paths.switchNamespace);
  const files = (await readdir(folder).catch((): string[] => [])).map((name) => join(folder, name)).filter(isNamespace);
  return new Set(await Promise.all(files.map(async (file) => `net:[${(await stat(file)).ino}]`)));
}

/** Processes that live in one of the namespaces: probes, a witness or load that somebody left there. */
async function processesIn(namespaces: ReadonlySet<string>): Promise<number[]> {
  if (namespaces.size === 0) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => namespaces.has(await readlink(`/proc/${pid}/ns/net`).catch(() => ''))),
  );
  return pids.filter((pid, index) => found[index] && pid !== process.pid);
}

async function killInhabitants(paths: LabPaths): Promise<void> {
  const namespaces = await namespaceIds(paths);
  const emptied = await waitUntil(
    async () => {
      const pids = await processesIn(namespaces);
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It ended by itself meanwhile.
        }
      }
      return pids.length === 0;
    },
    { timeoutMs: 10_000, everyMs: 10 },
  );
  if (!emptied)
    throw new Problem(
      'hostFailed',
      `Cannot end lab "${paths.name}" as its namespaces must be empty: some process stays`,
    );
}

const propagation = '/run/systemd/nspawn/propagate';

/** systemd-nspawn makes an empty folder for each machine, which it cannot remove when it is killed. */
async function forgetMachines(lab: string): Promise<void> {
  const machine = new RegExp(`^${lab}-node\\d+$`);
  const names = await readdir(propagation).catch((): string[] => []);
  for (const name of names.filter((entry) => machine.test(entry))) await rmdir(join(propagation, name)).catch(() => {});
}

/**
 * Removes everything that carries the lab's name: processes, namespaces, mounts, cgroups, files. It needs no state, so
 * it works after any crash, and does nothing where there is nothing.
 */
export async function tearDown(paths: LabPaths): Promise<void> {
  await destroyGroups(paths.name);
  await forgetMachines(paths.name);
  if (!existsSync(paths.stateDir)) return;
  await killInhabitants(paths);
  await unmountBelow(paths.stateDir);
  await detachVolumes(paths);
  await rm(paths.stateDir, { recursive: true, force: true });
  // Empty parents go too; where another lab lives in them they stay.
  for (const folder of [dirname(paths.stateDir), dirname(dirname(paths.stateDir))]) await rmdir(folder).catch(() => {});
}
