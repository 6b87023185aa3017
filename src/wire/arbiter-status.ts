/** What `musterd --arbiter status --json` prints; the answer of an arbiter's control socket to `{"request":"status"}`. */

import type { GroupName, NodeName } from '../model/names.ts';

export interface ArbiterNodeStatus {
  readonly name: NodeName;
  readonly state: 'unknown' | 'up' | 'late' | 'dead' | 'self';
  readonly lastHeardMs: number | null;
  /** TLS connections that are open. */
  readonly connections: number;
  readonly roundTripMs: number | null;
}

export interface ArbiterGroupStatus {
  readonly name: GroupName;
  /** Whose lease lives here; null: nobody's, as far as this voter knows. */
  readonly holder: NodeName | null;
  readonly leaseLeftMs: number | null;
}

/** One of the clusters that an arbiter votes for. */
export interface ArbiterClusterStatus {
  readonly name: string;
  readonly port: number;
  /** Why it votes for nobody here; null where it does. */
  readonly problem: string | null;
  /** The longest lease that it grants; milliseconds. */
  readonly longestLeaseMs: number;
  /** Silent as a voter after a start, for this long yet. */
  readonly silentMs: number;
  /** Unix milliseconds at which the arbiter's own certificate for this cluster expires. */
  readonly certificateExpires: number | null;
  readonly nodes: readonly ArbiterNodeStatus[];
  readonly groups: readonly ArbiterGroupStatus[];
  /** Refusals and dropped frames, by reason. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface ArbiterProcessStatus {
  readonly version: string;
  readonly arbiter: string;
  readonly bundleHash: string;
  /** The first 12 hex digits of the hash over quorumd.conf and quorumd.d. */
  readonly configHash: string;
  readonly uptimeMs: number;
  readonly clusters: readonly ArbiterClusterStatus[];
  /** Connections that were for no cluster, by reason. */
  readonly counters: Readonly<Record<string, number>>;
}
