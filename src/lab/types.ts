import type { NodeName } from '../model/names.ts';

/** Where a lab is; everything of it lives below `stateDir`, in namespaces and cgroups named after it. */
export interface LabPaths {
  readonly name: string;
  /** `/run/muster/lab/<name>`: sockets, pids, the lab's key, known_hosts, state.json. */
  readonly stateDir: string;
  /** Path of the switch's network namespace, for nsenter --net. */
  readonly switchNamespace: string;
  /** Path of the client's network namespace: probes, witness and load run there. */
  readonly clientNamespace: string;
}

export type NodePower = 'on' | 'off';

export interface LabNode {
  readonly name: NodeName;
  readonly address: string;
  readonly address6: string;
  readonly mac: string;
  readonly power: NodePower;
  readonly frozen: boolean;
  /** Unix socket whose connections come out at the node's sshd. */
  readonly sshSocket: string;
}

/** A direction between two ports of the switch whose frames are late or lost. */
export interface SlowDirection {
  readonly from: NodeName;
  readonly to: NodeName;
  /** What every frame waits. */
  readonly delayMs: number;
  /** What a frame waits in addition, at most; frames pass each other then. */
  readonly jitterMs: number;
  /** Share of the frames that are lost, 0 to 1. */
  readonly loss: number;
}

/** What all frames of a direction suffer. */
export type Slowness = Pick<SlowDirection, 'delayMs' | 'jitterMs' | 'loss'>;

/** The faults of the lab; every one of them is undone by `heal`. */
export interface LabFaults {
  powerOff(node: NodeName): Promise<void>;
  powerOn(node: NodeName): Promise<void>;
  /** Drops frames from each of `from` to each of `to`, in that direction; call twice for both. */
  cut(from: readonly NodeName[], to: readonly NodeName[]): Promise<void>;
  /** Lets frames from each of `from` to each of `to` pass again. */
  join(from: readonly NodeName[], to: readonly NodeName[]): Promise<void>;
  /** Delays and loses frames from each of `from` to each of `to`; null ends that. */
  slow(from: readonly NodeName[], to: readonly NodeName[], slowness: Slowness | null): Promise<void>;
  /** Pulls or plugs the node's cables at the switch; of one network only, where that is named (from 1). */
  link(node: NodeName, up: boolean, network?: number): Promise<void>;
  freeze(node: NodeName): Promise<void>;
  thaw(node: NodeName): Promise<void>;
  /** Signals the node's processes with this word in their command line; at least one must be there. */
  signal(node: NodeName, word: string, name: NodeJS.Signals): Promise<void>;
  /** Lets the wall clock of a systemd unit be stepped: restarts it under libfaketime. */
  giveClock(node: NodeName, unit: string): Promise<void>;
  /** Steps it by so many milliseconds from the true time. */
  stepClock(node: NodeName, unit: string, ms: number): Promise<void>;
  takeClock(node: NodeName, unit: string): Promise<void>;
  /** `nft flush ruleset` in the node's network namespace. */
  flush(node: NodeName): Promise<void>;
  /** Runs a program in the node as root and without its network; it must end with 0. */
  run(node: NodeName, argv: readonly string[]): Promise<void>;
  /** So many of the node's processes want all of a processor; 0 ends them. */
  busy(node: NodeName, processes: number): Promise<void>;
  /** The node has no more memory than what it cannot give back, and processes that want more. */
  squeeze(node: NodeName, on: boolean): Promise<void>;
  /** Nothing more fits on the node's disk. */
  fillDisk(node: NodeName, full: boolean): Promise<void>;
  heal(): Promise<void>;
}

/** What is wrong with a node beside its power. */
export interface NodeTrouble {
  readonly busy: boolean;
  readonly squeezed: boolean;
  readonly diskFull: boolean;
}
