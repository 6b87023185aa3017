import type { AlertTarget } from './alerts.ts';
import type { Fencing, WatchdogPolicy } from './fencing.ts';
import type { LeaseStore } from './lease-store.ts';
import type { Monitor } from './monitors.ts';
import type { IpAddress, NodeName } from './names.ts';
import type { Placement } from './placement.ts';
import type { ResourceGroup } from './resource-group.ts';
import type { ResourceRules } from './resource-settings.ts';
import type { VirtualService } from './virtual-service.ts';

/** One heartbeat link, as a line of ha.cf says it. */
export type Link =
  | { readonly method: 'ucast'; readonly device: string; readonly peer: string }
  | { readonly method: 'bcast'; readonly device: string }
  | {
      readonly method: 'mcast';
      readonly device: string;
      readonly group: string;
      readonly port: number;
      readonly ttl: number;
      readonly loop: number;
    };

/** All in milliseconds; the defaults are in `model/defaults.ts`. */
export interface Timings {
  /** Between two heartbeats. */
  readonly keepalive: number;
  /** Silence after which a node counts as dead. */
  readonly deadtime: number;
  /** Silence after which a late heartbeat is worth a warning. */
  readonly warntime: number;
  /** As deadtime, right after the start of this node. */
  readonly initdead: number;
  /** How long a granted lease lasts; renewed every keepalive. */
  readonly lease: number;
}

/** Addresses of which any one that answers says that the network is there. */
export interface PingGroup {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** How quick a cluster is where it says no timings of its own; `fast` costs processor time all day. */
export type Profile = 'default' | 'fast';

export type NoQuorumPolicy = 'stop' | 'freeze';

/** A voter that is no node: it only votes. */
export interface Arbiter {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** How far away it is at most, in milliseconds; undefined where nobody said. */
  readonly roundTrip?: number | undefined;
}

/** What all nodes of a cluster have to agree on: the sum of ha.cf, haresources, ldirectord.cf and muster.yml. */
export interface Cluster {
  readonly name: string;
  /** Sorted as in ha.cf; the order breaks ties in placement. */
  readonly nodes: readonly NodeName[];
  /** Each node's own addresses as muster.yml says them; nodes that it leaves out (a cluster of 2008) are learned from their heartbeats. */
  readonly nodeAddresses?: Readonly<Record<NodeName, readonly IpAddress[]>>;
  readonly arbiters: readonly Arbiter[];
  /** How nodes are fenced; undefined where no device or line of ha.cf is there for it. */
  readonly fencing?: Fencing | undefined;
  readonly links: readonly Link[];
  readonly udpPort: number;
  readonly timings: Timings;
  /** Whence the timings come that nobody has said; undefined: `default`. */
  readonly profile?: Profile | undefined;
  readonly autoFailback: boolean;
  readonly noQuorum: NoQuorumPolicy;
  /** Each of these that answers says that a node has the network. */
  readonly pingNodes: readonly string[];
  /** Beside them, groups that count as one each. */
  readonly pingGroups?: readonly PingGroup[] | undefined;
  /** Silence after which a ping node counts as gone, in milliseconds; undefined: it follows from deadtime. */
  readonly deadping?: number | undefined;
  /** The watchdog device that every node feeds. */
  readonly watchdog?: string | undefined;
  /** Whether it has to be there; undefined: a node says that it lacks it, and serves on. */
  readonly watchdogPolicy?: WatchdogPolicy | undefined;
  /** Programs that every node keeps running: the arguments of each `respawn` line of ha.cf, the user first. */
  readonly respawn?: readonly (readonly string[])[] | undefined;
  readonly groups: readonly ResourceGroup[];
  readonly services: readonly VirtualService[];
  /** Bound on how much two clocks drift apart, as a fraction (0.001 = 0.1 %). */
  readonly driftBound: number;
  /** Where the leases lie instead of with the voters; the nodes then do not vote, and two are enough. */
  readonly store?: LeaseStore | undefined;
  /** Where groups would rather run, and what they are to each other; undefined: haresources and auto_failback say it all. */
  readonly placement?: Placement | undefined;
  /** Who is told of what; undefined: nobody. */
  readonly alerts?: readonly AlertTarget[] | undefined;
  /** Checks beyond resources; undefined: none. */
  readonly monitors?: readonly Monitor[] | undefined;
  /** How resources are run and looked after; undefined: as `defaultResourceSettings` says. */
  readonly resources?: ResourceRules | undefined;
}
