/** What `musterd status --json` prints and the drill waits for; the control socket's answer to `{"request":"status"}`. */

import type { Verdict } from '../core/verdicts.ts';
import type { GroupName, IpAddress, MacAddress, NodeName } from '../model/names.ts';
import type { FencingStatus } from './fencing.ts';

export interface NodeStatus {
  readonly name: NodeName;
  /** `self`, `up`, `late` (warntime over), `dead` (deadtime over), `unknown` (never heard). */
  readonly state: 'self' | 'up' | 'late' | 'dead' | 'unknown';
  readonly standby: boolean;
  /** Whatever runs there is let alone. */
  readonly maintenance?: boolean | undefined;
  /** Milliseconds since it was last heard; null for self and for nodes never heard. */
  readonly lastHeardMs: number | null;
  readonly mac: MacAddress | null;
  /** The first 12 hex digits of the hash over its configuration files. */
  readonly configHash: string | null;
  readonly bundleHash: string | null;
  /** Whether its vote counts. */
  readonly voter?: boolean | undefined;
}

/** A resource that an agent runs, on the node that says so. */
export interface ResourceStatus {
  readonly name: string;
  /** `dirty`: it may run, or half of it. `stuck`: nothing that the node can do stops it. */
  readonly state: 'unknown' | 'stopped' | 'running' | 'dirty' | 'stuck';
  /** What is being done with it. */
  readonly doing: 'start' | 'stop' | 'monitor' | 'probe' | null;
  /** Since they were last forgotten; null: it cannot run there at all. */
  readonly failures: number | null;
  /** Empty where it never failed. */
  readonly lastFailure: string;
  /** So many failures make the group leave. */
  readonly migrationThreshold: number;
}

export interface GroupStatus {
  readonly name: GroupName;
  readonly addresses: readonly IpAddress[];
  readonly preferred: NodeName;
  /** Who holds the lease as this node knows it; null: nobody, or unknown. */
  readonly holder: NodeName | null;
  /** Unix milliseconds since when, as this node saw it. */
  readonly since: number | null;
  /** Voters that granted the last renewal (only the holder knows). */
  readonly votes: readonly string[];
  /** Milliseconds that the lease still lasts; null where this node does not know. */
  readonly leaseLeftMs: number | null;
  /** Milliseconds that a lease lasts when it is granted. */
  readonly leaseMs?: number | undefined;
  /** True where this node's gate is open for the group. */
  readonly gateOpen: boolean;
  /** Where an operator wants it, and for how many milliseconds yet (null: until it is cleared). */
  readonly pinned?: { readonly node: NodeName; readonly forMs: number | null } | null | undefined;
  /** What keeps a second holder silent: the kernel's gate, or the address lifetime. */
  readonly protection: 'gate' | 'address-lifetime';
  /** What else keeps it silent or off: `watchdog`, `fencing`; where configured. */
  readonly layers?: readonly string[] | undefined;
  /** One sentence: why it is where it is. */
  readonly reason: string;
  /** Nodes that have to be fenced before it can start; left out by a musterd that fences nobody. */
  readonly waitsFor?: readonly NodeName[] | undefined;
  /** Every node: whether it may hold the group, and why (not); best placed first. */
  readonly candidates?: readonly Verdict[] | undefined;
  /** What agents run of it on this node, in the order in which it starts; left out by a musterd that runs none. */
  readonly resources?: readonly ResourceStatus[] | undefined;
  /** The nodes that give it up for now, with the reason as far as this node knows it. */
  readonly barredOn?: readonly { readonly node: NodeName; readonly why: string }[] | undefined;
}

export interface RealServerStatus {
  readonly address: IpAddress;
  readonly port: number;
  readonly weight: number;
  readonly configuredWeight: number;
  readonly alive: boolean | null;
  /** The last check's result in words: `200 OK in 2 ms`, `connection refused`. */
  readonly lastCheck: string;
  readonly checkedMsAgo: number | null;
}

export interface ServiceStatus {
  readonly key: string;
  readonly scheduler: string;
  readonly realServers: readonly RealServerStatus[];
}

export interface StoreStatus {
  readonly kind: 'etcd' | 'disk';
  /** Which one, with its kind: `disk /dev/disk/by-id/san-1`, `etcd http://10.0.0.5:2379`. */
  readonly where: string;
  readonly answers: boolean;
  /** Milliseconds since its last answer; null: it has never answered this node. */
  readonly answeredMsAgo: number | null;
  readonly leaseMs: number;
  /** For how long nobody holds a group at most when its holder dies, in milliseconds. */
  readonly boundMs: number;
}

/** One arbiter as a node sees it; times in milliseconds. */
export interface ArbiterLinkStatus {
  readonly name: string;
  readonly address: IpAddress;
  readonly port: number;
  /** TLS connections that are open, of two. */
  readonly connections: number;
  /** As measured; null while nothing is connected. */
  readonly roundTripMs: number | null;
  /** What the configuration says it is at most; null where it says nothing. */
  readonly configuredRoundTripMs: number | null;
  /** Unix milliseconds at which this node's own certificate expires. */
  readonly certificateExpires: number | null;
  /** Why nothing is connected. */
  readonly problem: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

export interface ArbiterStatus extends ArbiterLinkStatus {
  /** As of a node: heard, late, dead or never heard. */
  readonly state: NodeStatus['state'];
  readonly lastHeardMs: number | null;
}

/** How long users may be without a service when its node dies; all in milliseconds. */
export interface ServiceBound {
  readonly totalMs: number;
  readonly leaseMs: number;
  /** From the first question to the grant at most; three of them may be needed. */
  readonly attemptMs: number;
  /** The shortest lease that the arbiters' round trip, as configured or as measured, allows; 0 where none is needed. */
  readonly leastLeaseMs: number;
}

/** A heartbeat link: one that is down is an alert, while another is up. */
export interface LinkStatus {
  /** Whose link it is, where a status was pieced together from several nodes. */
  readonly owner?: NodeName | undefined;
  /** `ucast eth0`, `mcast6 eth1 ff12::1`. */
  readonly name: string;
  readonly device: string;
  /** `degraded`: some peers are heard over it, and others only over another link. */
  readonly state: 'up' | 'degraded' | 'down';
  /** Empty where it is up. */
  readonly why: string;
  /** `silent`: heard over another link, and not over this one; `unknown`: over none. */
  readonly peers: readonly {
    readonly node: NodeName;
    readonly state: 'heard' | 'silent' | 'unknown';
    readonly lastHeardMs: number | null;
  }[];
}

/** A ping node of ha.cf, or a ping group. */
export interface PingStatus {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Whether it (of a group: any one address) answers this node; null while that is not known yet. */
  readonly reached: boolean | null;
}

export interface WatchdogStatus {
  readonly device: string;
  /** Open, and fed while musterd is well. */
  readonly armed: boolean;
  /** Why it is not; empty where it is. */
  readonly why: string;
}

export interface Status {
  readonly version: string;
  readonly node: NodeName;
  readonly cluster: string;
  readonly bundleHash: string;
  readonly configHash: string;
  readonly uptimeMs: number;
  readonly quorum: {
    readonly quorate: boolean;
    readonly votes: number;
    readonly needed: number;
    readonly voters: readonly string[] /** Silent as a voter after a restart, for this long yet. */;
    readonly silentMs: number;
    /** How often the voters were changed; 0: they are those of the configuration. Left out by a musterd that knows no epochs. */
    readonly epoch?: number | undefined;
  };
  /** Where the leases lie, if not with the voters. */
  readonly store?: StoreStatus | null;
  readonly standby: boolean;
  /** Of the whole cluster. */
  readonly maintenance?: boolean | undefined;
  /** The same number on two nodes: they know the same orders of operators. */
  readonly orders?: number | undefined;
  readonly nodes: readonly NodeStatus[];
  readonly arbiters: readonly ArbiterStatus[];
  /** null where the leases lie in a store. */
  readonly bound: ServiceBound | null;
  /** Left out by a musterd that is older than they. */
  readonly links?: readonly LinkStatus[] | undefined;
  /** What this node pings; left out by a musterd that knows none. */
  readonly ping?: readonly PingStatus[] | undefined;
  /** null where none is configured; left out by a musterd that knows none. */
  readonly watchdog?: WatchdogStatus | null | undefined;
  /** null where no device is configured; left out by a musterd that knows none. */
  readonly fencing?: FencingStatus | null | undefined;
  readonly groups: readonly GroupStatus[];
  readonly services: readonly ServiceStatus[];
  readonly counters: Readonly<Record<string, number>>;
}
