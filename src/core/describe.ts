import type { GroupName, IpAddress, MacAddress, NodeName } from '../model/names.ts';

/** What a node knows of one peer (or of itself) at one moment; times in milliseconds. */
export interface NodeView {
  readonly name: NodeName;
  readonly role: 'node' | 'arbiter';
  readonly state: 'self' | 'up' | 'late' | 'dead' | 'unknown';
  readonly standby: boolean;
  readonly quorate: boolean;
  /** Since it was last heard; null for self and for those never heard. */
  readonly lastHeardMs: number | null;
  /** By network device; the gates need those of all peers. */
  readonly macs: Readonly<Record<string, MacAddress>>;
  readonly configHash: string | null;
  readonly bundleHash: string | null;
  readonly holds: readonly GroupName[];
}

/** What a node knows of one resource group. */
export interface GroupView {
  readonly name: GroupName;
  readonly addresses: readonly IpAddress[];
  readonly preferred: NodeName;
  readonly holder: NodeName | null;
  /** Monotonic milliseconds at which this node first saw this holder. */
  readonly since: number | null;
  /** The voters that granted the last renewal; empty where this node does not hold it. */
  readonly votes: readonly NodeName[];
  readonly leaseLeftMs: number | null;
  readonly gateOpen: boolean;
  /** One sentence: why it is where it is. */
  readonly reason: string;
}

/** The whole picture, ready to be turned into `musterd status`. */
export interface View {
  readonly node: NodeName;
  readonly standby: boolean;
  readonly quorum: {
    readonly quorate: boolean;
    readonly votes: number;
    readonly needed: number;
    readonly voters: readonly NodeName[];
    /** For how long this node stays silent as a voter after its start. */
    readonly silentMs: number;
  };
  readonly nodes: readonly NodeView[];
  readonly groups: readonly GroupView[];
  readonly counters: Readonly<Record<string, number>>;
}
