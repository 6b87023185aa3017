import type { Cluster } from './cluster.ts';
import type { HostName } from './names.ts';

export type Scalar = string | number | boolean | null;
export type Value = Scalar | readonly Value[] | { readonly [key: string]: Value };
export type Variables = Readonly<Record<string, Value>>;

/** What the last run left behind, as sets of hosts: no group of an inventory may have their names. */
export const resultSets = ['ok', 'failed', 'unreachable'] as const;
export type ResultSet = (typeof resultSets)[number];

/** How a host is reached; what is undefined is left to ssh_config and its defaults. */
export interface SshSettings {
  readonly address: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly identityFile: string | undefined;
  readonly proxyCommand: string | undefined;
  /** The hosts that the way leads through, as ProxyJump of ssh_config names them; `none`: none. */
  readonly proxyJump?: string | undefined;
  /** How long a connection stays open after its last use, in milliseconds; `off`: it does not. */
  readonly persist?: number | 'off' | undefined;
}

/** `ssh`, or `lab`: through the lab's own stream into its network namespace, with the lab's key and known hosts. */
export type ConnectionKind = 'ssh' | 'lab';

export interface Host {
  readonly name: HostName;
  readonly connection: ConnectionKind;
  readonly ssh: SshSettings;
  /** Groups that this host is in, `all` included, parents before children. */
  readonly groups: readonly string[];
  /** Everything that a template sees: group variables (parents first), then the host's own. */
  readonly variables: Variables;
}

export interface Inventory {
  readonly file: string;
  readonly hosts: readonly Host[];
  readonly groups: Readonly<Record<string, readonly HostName[]>>;
  /** Groups whose name has to be typed before `muster shell` sends anything to their hosts. */
  readonly protectedGroups?: readonly string[] | undefined;
  /** Undefined in an inventory that describes only hosts (Ansible's, for one). */
  readonly cluster: ClusterDescription | undefined;
}

/** The cluster as the inventory describes it: the model, and what only the controller has to know. */
export interface ClusterDescription extends Cluster {
  readonly engine: 'muster' | 'linux-ha';
  /** The hosts that carry the real servers' addresses, by address. */
  readonly realServerHosts: Readonly<Record<string, HostName>>;
}
