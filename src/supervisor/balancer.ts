import type { IpAddress, MacAddress, NodeName } from '../model/names.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import type { ServiceStatus } from '../wire/status.ts';

/** A node of the cluster as the balancer has to know it: its real servers are found by its addresses. */
export interface BalancerNode {
  readonly name: NodeName;
  /** All its own addresses (never the virtual ones). */
  readonly addresses: readonly IpAddress[];
  /** undefined: not known yet; then the kernel's neighbour table is asked. */
  readonly mac: MacAddress | undefined;
}

export interface BalancerConfig {
  readonly services: readonly VirtualService[];
  /** This node, with its own MAC: its real servers are delivered to locally. */
  readonly self: BalancerNode;
  readonly peers: readonly BalancerNode[];
  /** The device through which frames leave for the real servers, the one that the lease gate guards. */
  readonly device: string;
}

/** One line for the journal: what was decided about which server, and why. */
export interface BalancerDecision {
  readonly what: 'server-alive' | 'server-dead' | 'fallback-on' | 'fallback-off' | 'table' | 'warning';
  readonly service?: string | undefined;
  readonly server?: string | undefined;
  readonly why: string;
}

/**
 * Forwards what comes through the open gate to the real servers, and checks these. It fills the chain `balance` of the
 * table `netdev muster` and the chains `to-ADDRESS` beside it; the table, the empty chain `balance` and the jump to it
 * belong to the lease gate, which comes first. A frame that `balance` does not take returns to the caller: it is
 * delivered locally. `balance` handles IPv4 and IPv6; it takes and returns frames with
 * mark 0.
 */
export interface Balancer {
  /**
   * The desired state. May be called again at any time (a reload, a peer's MAC learned): servers that stay keep what is
   * known of their health. Resolves when the first table is in the kernel; never rejects for one bad service, which is
   * said in the journal instead.
   */
  configure(config: BalancerConfig): Promise<void>;
  /**
   * What membership says. A dead node's real servers are checked at once, and are out 50 ms later unless they answer
   * (a musterd that restarts moves no traffic); `alive` only makes their next check come at once.
   */
  nodeChanged(name: NodeName, alive: boolean): void;
  /** The table was lost and rendered anew: fill it again. Await it before the gate may open. */
  reapply(): Promise<void>;
  status(): readonly ServiceStatus[];
  /** Ends all checks; what is in the kernel stays, so that a restart moves no traffic. */
  stop(): Promise<void>;
}
