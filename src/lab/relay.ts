/** Directions between ports of the switch that are slow or lose frames: their frames go through a relay (relay-program.ts). */
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { destroyMember } from './cgroup.ts';
import { inNamespace, must } from './command.ts';
import { startDetached } from './machine.ts';
import { portOf, secondLink } from './names.ts';
import { clientMac } from './network.ts';
import { relayProgram } from './relay-program.ts';
import type { LabState } from './state.ts';
import type { LabPaths, SlowDirection } from './types.ts';
import { waitUntil } from './wait.ts';

const member = 'relay';
const listFile = (paths: LabPaths): string => join(paths.stateDir, 'relay.json');
const logFile = (paths: LabPaths): string => join(paths.stateDir, 'relay.log');

/** The number of the system call clock_gettime (asm/unistd.h); perl-base has no module for it. */
const clockGettime: Partial<Record<string, number>> = { x64: 228, arm64: 113 };

/** The directions that are slow now. */
export async function readSlow(paths: LabPaths): Promise<readonly SlowDirection[]> {
  return JSON.parse(await readFile(listFile(paths), 'utf8').catch(() => '[]')) as SlowDirection[];
}

async function tellSwitch(paths: LabPaths, slow: readonly SlowDirection[]): Promise<void> {
  const elements = slow.map(({ from, to }) => `"${from}" . "${to}"`).join(', ');
  const add = slow.length === 0 ? '' : `add element bridge lab slow { ${elements} }\n`;
  await must(inNamespace(paths.switchNamespace, ['nft', '-f', '-']), {
    input: `flush set bridge lab slow\n${add}`,
  });
}

/**
 * Makes these directions slow, and no others. For a moment while it begins or ends a frame may come twice, but none is
 * lost: the switch forwards until the relay does, and again before it stops.
 */
export async function setSlow(paths: LabPaths, state: LabState, slow: readonly SlowDirection[]): Promise<void> {
  const number = clockGettime[process.arch];
  if (number === undefined)
    throw new Problem('hostFailed', `Cannot slow the lab as its processor must be a known one: it is ${process.arch}`);
  await tellSwitch(paths, []);
  await destroyMember(paths.name, member);
  await rm(listFile(paths), { force: true });
  if (slow.length === 0) return;
  const macOf = (port: string): string => {
    for (const host of state.nodes) {
      if (portOf(host.name) === port) return host.mac;
      if (portOf(host.name, 2) === port) return secondLink(host).mac;
    }
    return clientMac;
  };
  const rules = slow.flatMap(({ from, to, delayMs, jitterMs, loss }) => [
    ...[from, to, macOf(to)],
    ...[delayMs, jitterMs, loss].map(String),
  ]);
  // Were it to end, nothing would pass any more: the switch drops what it carries.
  const again = 'while :; do chrt -f 20 perl -e "$@" || perl -e "$@" || :; sleep 0.1; done';
  const argv = inNamespace(paths.switchNamespace, ['sh', '-c', again, 'sh', relayProgram, String(number), ...rules]);
  await truncate(logFile(paths)).catch(() => undefined);
  await startDetached(paths.name, member, argv, logFile(paths));
  const ready = async (): Promise<boolean> => (await readFile(logFile(paths), 'utf8')).includes('ready');
  if (!(await waitUntil(ready, { timeoutMs: 10_000, everyMs: 10 }))) {
    await destroyMember(paths.name, member);
    throw new Problem('hostFailed', `Cannot slow lab "${paths.name}" as its relay must start: it did not`, {
      hint: `its output: ${logFile(paths)}`,
    });
  }
  await writeFile(listFile(paths), JSON.stringify(slow));
  await tellSwitch(paths, slow);
}
