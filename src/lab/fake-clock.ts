/**
 * Steps of one program's wall clock in a node. The machines of the lab share the host's clocks, so the program runs
 * with libfaketime, which reads the offset from a file at every look at the clock; CLOCK_MONOTONIC stays as it is.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { must } from './command.ts';
import { runInNode } from './in-node.ts';
import { nodePaths } from './names.ts';
import type { LabPaths } from './types.ts';

const folder = '/usr/local/lib/muster-lab';
const library = `${folder}/libfaketime.so.1`;
const offsetFile = `${folder}/clock`;
const dropIn = (unit: string): string => `/etc/systemd/system/${unit}.service.d/lab-clock.conf`;

/** Where Debian's package libfaketime put its library; the package is installed where it is missing. */
async function installedLibrary(): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const folders = (await readdir('/usr/lib')).map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
    return folders.find((path) => existsSync(path));
  };
  const found = await find();
  if (found !== undefined) return found;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await must(['apt-get', 'update', '-q'], { env });
  await must(['apt-get', 'install', '-y', '-q', '--no-install-recommends', 'libfaketime'], { env });
  const now = await find();
  if (now !== undefined) return now;
  throw new Problem('hostFailed', 'Cannot step a clock as libfaketime must be installed: apt-get did not bring it');
}

async function restart(paths: LabPaths, node: string, unit: string): Promise<void> {
  const { rc, stderr } = await runInNode(paths, node, [
    'sh',
    '-c',
    'systemctl daemon-reload && systemctl restart "$1"',
    'sh',
    unit,
  ]);
  if (rc === 0) return;
  throw new Problem(
    'hostFailed',
    `${node}: Cannot restart ${unit} as its clock must be within reach: ${stderr.trim()}`,
  );
}

/** Whether the unit's clock can be stepped in the node. */
export const hasFakeClock = (paths: LabPaths, node: string, unit: string): boolean =>
  existsSync(join(nodePaths(paths, node).root, dropIn(unit)));

/** Restarts the unit under libfaketime, with the true time. Nothing where it runs so already. */
export async function giveFakeClock(paths: LabPaths, node: string, unit: string): Promise<void> {
  if (hasFakeClock(paths, node, unit)) return;
  const { root } = nodePaths(paths, node);
  await mkdir(join(root, folder), { recursive: true });
  await copyFile(await installedLibrary(), join(root, library));
  await setOffset(paths, node, 0);
  await mkdir(dirname(join(root, dropIn(unit))), { recursive: true });
  const environment = [
    `LD_PRELOAD=${library}`,
    `FAKETIME_TIMESTAMP_FILE=${offsetFile}`,
    'FAKETIME_NO_CACHE=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
    'NO_FAKE_STAT=1',
  ];
  const text = `[Service]\n${environment.map((entry) => `Environment=${entry}\n`).join('')}`;
  await writeFile(join(root, dropIn(unit)), text);
  await restart(paths, node, unit);
}

/** How far the clock is off from now on, in milliseconds. */
export async function setOffset(paths: LabPaths, node: string, ms: number): Promise<void> {
  const { root } = nodePaths(paths, node);
  // libfaketime's relative form: seconds with a sign. Overwritten in place, as it is read at any moment.
  await writeFile(
    join(root, offsetFile),
    `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(3).padStart(15, '0')}\n`,
  );
}

/** Ends the step, and takes libfaketime away from the unit, which is restarted where the machine is on. */
export async function takeFakeClock(paths: LabPaths, node: string, unit: string, isOn: boolean): Promise<void> {
  if (!hasFakeClock(paths, node, unit)) return;
  await setOffset(paths, node, 0);
  await rm(join(nodePaths(paths, node).root, dropIn(unit)));
  if (isOn) await restart(paths, node, unit);
}

/** Sets every stepped clock of the node right again; libfaketime stays. */
export async function endClockStep(paths: LabPaths, node: string): Promise<void> {
  if (existsSync(join(nodePaths(paths, node).root, offsetFile))) await setOffset(paths, node, 0);
}
