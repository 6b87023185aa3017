import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where a musterd finds and leaves its things; tests run several on one machine. */
export interface Settings {
  readonly configDir: string;
  /** Lost at the next boot: the control socket, the longest lease. */
  readonly runDir: string;
  /** Durable: the count of starts. */
  readonly stateDir: string;
  /** undefined: as `uname -n` says. */
  readonly node: string | undefined;
  readonly realtime: boolean;
  /** Protect the addresses by their lifetime, also where the kernel has a packet filter. */
  readonly withoutNftables: boolean;
}

export const defaultSettings: Settings = {
  configDir: '/etc/ha.d',
  runDir: '/run/muster',
  stateDir: '/var/lib/muster',
  node: undefined,
  realtime: true,
  withoutNftables: false,
};

export function controlSocket(settings: Pick<Settings, 'runDir'>): string {
  return join(settings.runDir, 'musterd.sock');
}

/** Where an arbiter answers: it may run beside the musterd of a node of another cluster. */
export function arbiterSocket(settings: Pick<Settings, 'runDir'>): string {
  return join(settings.runDir, 'arbiter.sock');
}

/** Whether `musterd status` without more is a question to an arbiter: only one runs here. */
export function onlyArbiterRuns(settings: Pick<Settings, 'runDir'>): boolean {
  return !existsSync(controlSocket(settings)) && existsSync(arbiterSocket(settings));
}
