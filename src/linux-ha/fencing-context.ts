import { writeDuration } from '../base/duration.ts';
import type { Fencing, WatchdogPolicy } from '../model/fencing.ts';
import { writeStonithLine } from './stonith-line.ts';
import { yamlText } from './yaml-text.ts';

/** Fencing as the templates want it: whole lines for ha.cf, flow maps (which are JSON) for muster.yml. It holds passwords. */
export interface FencingContext {
  readonly lines: readonly string[];
  /** Debian's packages that the devices need on every node. */
  readonly packages: readonly string[];
  /** null: muster.yml says nothing of it. */
  readonly rules: {
    readonly devices: readonly { readonly name: string; readonly says: string }[];
    readonly levels: string;
    readonly delays: string;
    readonly random_delay: string | null;
    readonly self_test: string;
    readonly watchdog: string | null;
  } | null;
}

export function fencingContext(fencing: Fencing | undefined, watchdog: WatchdogPolicy | undefined): FencingContext {
  const { lines = [], devices = [], levels = {}, delays = {}, randomDelay = 0 } = fencing ?? {};
  const written = { lines: lines.map(writeStonithLine), packages: packagesOf(fencing) };
  if (fencing === undefined && watchdog === undefined) return { ...written, rules: null };
  const rules = {
    devices: devices.map(({ name, agent, options, nodes, action, timeout }) => ({
      name: yamlText(name),
      says: JSON.stringify({ agent, options, nodes, action, timeout: writeDuration(timeout) }),
    })),
    levels: JSON.stringify(levels),
    delays: JSON.stringify(Object.fromEntries(Object.entries(delays).map(([node, ms]) => [node, writeDuration(ms)]))),
    random_delay: randomDelay === 0 ? null : writeDuration(randomDelay),
    self_test: fencing === undefined || fencing.selfTest === 0 ? 'off' : writeDuration(fencing.selfTest),
    watchdog: watchdog ?? null,
  };
  return { ...written, rules };
}

function packagesOf(fencing: Fencing | undefined): string[] {
  const { lines = [], devices = [] } = fencing ?? {};
  const agents = devices.map(({ agent }) => agent);
  const types = [
    ...lines.map(({ type }) => type),
    ...agents.flatMap((agent) => /^stonith:(.*)/.exec(agent)?.[1] ?? []),
  ];
  const needed: readonly (readonly [string, boolean])[] = [
    ['cluster-glue', types.length > 0],
    ['fence-agents', agents.some((agent) => agent.startsWith('fence_'))],
    ['ipmitool', agents.includes('fence_ipmilan') || types.includes('external/ipmi')],
    ['sg3-utils', agents.includes('scsi')],
  ];
  return needed.flatMap(([name, is]) => (is ? [name] : []));
}
