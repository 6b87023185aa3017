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

/** The faults of the lab; every one of them is undone by `heal`. */
export interface LabFaults {
  powerOff(node: NodeName): Promise<void>;
  powerOn(node: NodeName): Promise<void>;
  /** Drops frames from each of `from` to each of `to`, in that direction; call twice for both. */
  cut(from: readonly NodeName[], to: readonly NodeName[]): Promise<void>;
  /** Pulls or plugs the node's cable at the switch. */
  link(node: NodeName, up: boolean): Promise<void>;
  freeze(node: NodeName): Promise<void>;
  thaw(node: NodeName): Promise<void>;
  heal(): Promise<void>;
}
