import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../base/problem.ts';
import { createGroups, isPopulated, killFile, removeGroups, waitEmpty } from './cgroup.ts';
import { inNamespace } from './command.ts';
import { dialSocket } from './gateway.ts';
import { nodePaths, secondLink, sharedDisk, sharedDiskFile, sharedDiskSize } from './names.ts';
import { cableFunctions, cutPower, unplug } from './network.ts';
import { entryCommand } from './self.ts';
import type { LabState } from './state.ts';
import type { LabPaths } from './types.ts';
import { attachVolume } from './volume.ts';
import { waitUntil } from './wait.ts';

// What a machine may do that a container by default may not: its own network, raw frames, real-time, locked memory.
const capabilities = ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE', 'CAP_IPC_LOCK'];

/**
 * Starts a program that outlives this process, in the member's own cgroups from its first instruction. Its output goes
 * to `log`.
 */
export async function startDetached(
  lab: string,
  member: string,
  argv: readonly string[],
  log: string,
  env = {},
): Promise<void> {
  const joins = await createGroups(lab, member);
  await mkdir(dirname(log), { recursive: true });
  const output = openSync(log, 'a');
  const script = `count=$1; shift
    while [ "$count" -gt 0 ]; do echo $$ > "$1"; shift; count=$((count - 1)); done
    exec "$@"`;
  const child = spawn('sh', ['-ec', script, 'sh', String(joins.length), ...joins, ...argv], {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
    env: { PATH: process.env.PATH, HOME: '/root', ...env },
  });
  child.unref();
  closeSync(output);
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  // Whoever asks next whether it runs must not see the moment before it has joined its groups.
  const runs = await waitUntil(() => isPopulated(lab, member), { timeoutMs: 5000, everyMs: 2 });
  if (runs) return;
  throw new Problem('hostFailed', `Cannot start "${member}" as it must stay in its cgroup: it ended at once`, {
    hint: `its output: ${log}`,
  });
}

// What systemd-nspawn exits with where the machine asked for a reboot and EXIT_ON_REBOOT is set.
const rebooted = 133;

/**
 * The life of a machine: its network is there exactly as long as it is on, and fresh at each boot. So a `poweroff` or
 * `reboot` from inside, too, leaves no kernel behind that answers for its addresses.
 */
const life = `switch=$1 port=$2 mac=$3 mac2=$4 namespace=$5; shift 5
${cableFunctions}
while :; do
  unplug
  plug
  rc=0
  "$@" || rc=$?
  unplug
  [ "$rc" -eq ${rebooted} ] || exit "$rc"
done`;

/** Boots the node: a fresh network namespace, and Debian's own init in it. Resolves before it has booted. */
export async function powerUp(paths: LabPaths, host: LabState['nodes'][number], links: number): Promise<void> {
  const { root, namespace, console } = nodePaths(paths, host.name);
  const disk = sharedDiskFile(paths);
  // What is in it stays: the other machines may be using it.
  const file = await open(disk, 'a');
  await file.truncate(sharedDiskSize).finally(() => file.close());
  await attachVolume(paths, host.name);
  const nspawn = [
    'systemd-nspawn',
    '--quiet',
    '--boot',
    `--directory=${root}`,
    `--machine=${paths.name}-${host.name}`,
    `--hostname=${host.name}`,
    `--network-namespace-path=${namespace}`,
    `--capability=${capabilities.join(',')}`,
    '--register=no',
    '--keep-unit',
    '--console=pipe',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    `--bind=${disk}:${sharedDisk}`,
  ];
  const mac2 = links > 1 ? secondLink(host).mac : '';
  const argv = ['sh', '-ec', life, 'sh', paths.switchNamespace, host.name, host.mac, mac2, namespace, ...nspawn];
  // Without the first, /proc/sys is read-only in the node and sysctls could not be provisioned.
  const env = { SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network', EXIT_ON_REBOOT: '1' };
  await startDetached(paths.name, host.name, argv, console, env);
}

/** Pulls the plug: nothing on the node answers from the first instant on. Its disk stays. Idempotent. */
export async function powerDown(paths: LabPaths, node: string): Promise<void> {
  if (existsSync(killFile(paths.name, node))) {
    await cutPower(paths, node, killFile(paths.name, node));
    await waitEmpty(paths.name, node);
    await removeGroups(paths.name, node);
  }
  await unplug(paths, node);
}

export const isOn = (paths: LabPaths, node: string): Promise<boolean> => isPopulated(paths.name, node);

/** Starts the gateway where it does not run, and waits until it listens. */
export async function ensureGateway(paths: LabPaths, signal?: AbortSignal): Promise<void> {
  if (await isPopulated(paths.name, 'gateway')) return;
  const argv = inNamespace(paths.clientNamespace, entryCommand('gateway', [paths.name]));
  const log = `${paths.stateDir}/gateway.log`;
  // What a killed gateway left must not be taken for the new one's.
  await rm(dialSocket(paths), { force: true });
  await startDetached(paths.name, 'gateway', argv, log);
  const listensOrEnded = async (): Promise<boolean> =>
    existsSync(dialSocket(paths)) || !(await isPopulated(paths.name, 'gateway'));
  await waitUntil(listensOrEnded, { timeoutMs: 60_000, everyMs: 20, signal });
  if (existsSync(dialSocket(paths))) return;
  throw new Problem('defect', `Cannot reach lab "${paths.name}" as its gateway must listen: it does not`, {
    hint: `its output: ${log}`,
  });
}
