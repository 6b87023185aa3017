/**
 * The one door to the decisions. Signatures (bodies follow in the next commit):
 *
 *     createNode(cluster: Cluster, self: NodeName, options: NodeOptions, now: number): NodeState
 *     step(state: NodeState, event: Event, now: number): { state: NodeState; effects: readonly Effect[] }
 *     wakeAt(state: NodeState): number         // monotonic ms of the next tick that is needed; Infinity: none
 *     describe(state: NodeState, now: number): View
 *
 * `step` owns the state that it is given: use only the one that it returns.
 */
import type { MacAddress } from '../model/names.ts';

export interface NodeOptions {
  /** 32 hex digits: the durable count of this node's starts (16 digits), then 64 random bits; the same as the wire's. */
  readonly incarnation: string;
  /** 128 random bits as four unsigned 32-bit numbers: the source of nonces and jitter. */
  readonly seed: readonly [number, number, number, number];
  readonly configHash: string;
  readonly bundleHash: string;
  /** The own MAC addresses by network device; `link` events keep them up to date. */
  readonly macs: Readonly<Record<string, MacAddress>>;
  /** The longest lease of any configuration since the last boot, in milliseconds; undefined: the cluster's. */
  readonly longestLease?: number | undefined;
  readonly standby?: boolean | undefined;
}
