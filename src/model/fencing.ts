import type { NodeName } from './names.ts';

/** `off`: it stays off until somebody switches it on. `reboot`: it is switched on again once it is known to be off. */
export const fenceActions = ['off', 'reboot'] as const;
export type FenceAction = (typeof fenceActions)[number];

/**
 * `required`: musterd does not start without a watchdog. `automatic`: one is used where there is one. `off`: none is, whatever
 * ha.cf says.
 */
export const watchdogPolicies = ['required', 'automatic', 'off'] as const;
export type WatchdogPolicy = (typeof watchdogPolicies)[number];

/** The device file where nobody names one. */
export const usualWatchdog = '/dev/watchdog';

/** A way to make sure that nodes do nothing any more. */
export interface FenceDevice {
  readonly name: string;
  /**
   * A program of fence-agents (`fence_ipmilan`), a type of cluster-glue's (`stonith:external/ipmi`), or `scsi`, which takes
   * nodes' keys away from a disk.
   */
  readonly agent: string;
  /** As the agent names them. They hold passwords: nobody shows them. */
  readonly options: Readonly<Record<string, string>>;
  /** The nodes that it can fence, each with its options beside or instead of those above: its plug, its BMC's address. */
  readonly nodes: Readonly<Record<NodeName, Readonly<Record<string, string>>>>;
  readonly action: FenceAction;
  /** For one fencing of one node, its confirmation included; milliseconds. */
  readonly timeout: number;
}

/** A line of ha.cf, heartbeat's own way to say the same; what it can fence, only the device knows. */
export type StonithLine =
  /** `from`: the node that may use it, or `*`. */
  | {
      readonly directive: 'stonith_host';
      readonly from: NodeName | '*';
      readonly type: string;
      readonly parameters: string;
    }
  /** What the type wants to know stands in a file of the node. */
  | { readonly directive: 'stonith'; readonly type: string; readonly file: string };

/** How nodes are fenced: `fencing:` of muster.yml, and heartbeat's lines of ha.cf. */
export interface Fencing {
  readonly lines: readonly StonithLine[];
  readonly devices: readonly FenceDevice[];
  /**
   * By node: names of devices. A level succeeds when all of its devices have; the next one is tried where it does not. A node
   * that is not named has each of its devices as a level, in their order. After these come the lines of ha.cf.
   */
  readonly levels: Readonly<Record<NodeName, readonly (readonly string[])[]>>;
  /** How long whoever is about to fence this node waits first, in milliseconds: of two that shoot, the other one wins. */
  readonly delays: Readonly<Record<NodeName, number>>;
  /** At most this much is added to each such wait, at random; milliseconds. */
  readonly randomDelay: number;
  /** Between two tests of the devices, in milliseconds; 0: they are not tested. */
  readonly selfTest: number;
}

export const defaultFencing = {
  action: 'off',
  timeout: 60_000,
  randomDelay: 0,
  selfTest: 600_000,
} as const;

/** heartbeat had a node reset, and so do its lines. */
export const lineAction: FenceAction = 'reboot';

/** The levels by which a node is fenced, as devices; the lines of ha.cf are not among them. */
export function levelsOf({ devices, levels }: Fencing, node: NodeName): (readonly FenceDevice[])[] {
  const named = Object.hasOwn(levels, node) ? levels[node] : undefined;
  if (named === undefined) return devices.filter(({ nodes }) => Object.hasOwn(nodes, node)).map((device) => [device]);
  return named.map((level) => level.flatMap((name) => devices.find((device) => device.name === name) ?? []));
}

/** Whether somebody may know how to fence this node. */
export function canFence(fencing: Fencing | undefined, node: NodeName): boolean {
  return fencing !== undefined && (fencing.lines.length > 0 || levelsOf(fencing, node).length > 0);
}

/** Whether one node may know how to fence another: a device serves all of them, a `stonith_host` line the one that it names. */
export function canFenceFrom(fencing: Fencing | undefined, from: NodeName, node: NodeName): boolean {
  if (fencing === undefined || from === node) return false;
  const serves = fencing.lines.some((line) => line.directive === 'stonith' || line.from === '*' || line.from === from);
  return serves || levelsOf(fencing, node).length > 0;
}

/** Agents that cut a node off from a disk or a network, and leave it running. */
const cutsOff = /^(scsi|fence_(scsi|mpath|brocade|sanbox2|ifmib|cisco_mds|aws_vpc_net|azure_arm_network|crosslink))$/;
/** Those that do nothing to it by themselves. */
const onlyLooks = /^fence_(heuristics_[a-z]+|kdump|dummy)$/;

/** Whether this agent leaves a node running; whoever switched that on again would let it back in to what it was cut off from. */
export function isCutOffBy(agent: string): boolean {
  return cutsOff.test(agent);
}

/** Whether a node that was fenced has been switched off, whoever did it and how: what it had in memory is gone. */
export function isSwitchedOff(fencing: Fencing | undefined, node: NodeName): boolean {
  if (fencing === undefined) return false;
  const off = (agent: string): boolean => !cutsOff.test(agent) && !onlyLooks.test(agent);
  return levelsOf(fencing, node).every((level) => level.some(({ agent }) => off(agent)));
}

const secretName = /pass|pwd|secret|key|token|community|auth|pin$/i;

/** The same with what may be a password out of sight: for everything that is shown. */
export function withoutSecrets(fencing: Fencing): Fencing {
  const hidden = (options: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(options).map(([key, text]) => [key, secretName.test(key) ? '(secret)' : text]));
  return {
    ...fencing,
    lines: fencing.lines.map((line) => ('parameters' in line ? { ...line, parameters: '(secret)' } : line)),
    devices: fencing.devices.map((device) => ({
      ...device,
      options: hidden(device.options),
      nodes: Object.fromEntries(Object.entries(device.nodes).map(([node, options]) => [node, hidden(options)])),
    })),
  };
}

/** What must not be seen in a diff, a journal or a message: passwords, as they are and as JSON writes them. */
export function secretsOf(fencing: Fencing | undefined): string[] {
  if (fencing === undefined) return [];
  const options = fencing.devices.flatMap((device) => [device.options, ...Object.values(device.nodes)]);
  const said = options.flatMap((one) =>
    Object.entries(one).flatMap(([key, text]) => (secretName.test(key) ? [text] : [])),
  );
  // Only the device knows which of its parameters is the password; an address is none.
  const words = fencing.lines.flatMap((line) => ('parameters' in line ? line.parameters.split(' ') : []));
  const secret = [...said, ...words.filter((word) => !/^[\d.:]*$/.test(word))].filter((text) => text.length > 2);
  return [...new Set(secret.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]))];
}

/** For how long a fencing of this node may take at most, its delays included; milliseconds. */
export function longestFencingOf(fencing: Fencing | undefined, node: NodeName): number {
  if (fencing === undefined) return 0;
  const levels = levelsOf(fencing, node).map((level) => Math.max(0, ...level.map(({ timeout }) => timeout)));
  const delay = (Object.hasOwn(fencing.delays, node) ? (fencing.delays[node] ?? 0) : 0) + fencing.randomDelay;
  return levels.reduce((sum, timeout) => sum + timeout, fencing.lines.length * defaultFencing.timeout + delay);
}
