import { nearest } from '../base/nearest.ts';
import type { Module } from './module.ts';
import { arbiter } from './modules/arbiter.ts';
import { arbiterDistance } from './modules/arbiter-distance.ts';
import { arbiterKey } from './modules/arbiter-key.ts';
import { arbiterPins } from './modules/arbiter-pins.ts';
import { arbiterStatus } from './modules/arbiter-status.ts';
import { assert } from './modules/assert.ts';
import { clusterKey } from './modules/cluster-key.ts';
import { clusterStatus } from './modules/cluster-status.ts';
import { command, shell } from './modules/command.ts';
import { copy } from './modules/copy.ts';
import { fail } from './modules/fail.ts';
import { file } from './modules/file.ts';
import { freeSpace } from './modules/free-space.ts';
import { macAddresses } from './modules/mac-addresses.ts';
import { notRunning } from './modules/not-running.ts';
import { packageModule } from './modules/package.ts';
import { service } from './modules/service.ts';
import { slurp } from './modules/slurp.ts';
import { stat } from './modules/stat.ts';
import { supervisor } from './modules/supervisor.ts';
import { sysctl } from './modules/sysctl.ts';
import { template } from './modules/template.ts';
import { vipProbe } from './modules/vip-probe.ts';
import { voters } from './modules/voters.ts';
import { waitFor } from './modules/wait-for.ts';

const modules: readonly Module[] = [
  arbiter,
  arbiterDistance,
  arbiterKey,
  arbiterPins,
  arbiterStatus,
  assert,
  clusterKey,
  clusterStatus,
  command,
  copy,
  fail,
  file,
  freeSpace,
  macAddresses,
  notRunning,
  packageModule,
  service,
  shell,
  slurp,
  stat,
  supervisor,
  sysctl,
  template,
  vipProbe,
  voters,
  waitFor,
];

/** Other names that people write for the same thing. */
const aliases: Record<string, string> = { apt: 'package', systemd: 'service', systemd_service: 'service' };

const byName = new Map(modules.map((module) => [module.name, module]));

/** The module of a task's key: `copy`, `ansible.builtin.copy`, `apt`. */
export function findModule(name: string): Module | undefined {
  const plain = name.replace(/^ansible\.(builtin|posix)\./, '');
  return byName.get(aliases[plain] ?? plain);
}

export function moduleNames(): readonly string[] {
  return [...byName.keys()];
}

export function nearestModule(name: string): string | undefined {
  return nearest(name.replace(/^ansible\.(builtin|posix)\./, ''), [...byName.keys(), ...Object.keys(aliases)]);
}
