import type { Cluster } from './cluster.ts';

/** What is assumed of an arbiter whose round trip nobody said; milliseconds. */
export const defaultRoundTrip = 50;

type Voters = Pick<Cluster, 'nodes' | 'arbiters'>;

/** Whether a majority after the loss of one node needs an arbiter: then every renewal waits for its answer. */
export function needsArbiter({ nodes, arbiters }: Voters): boolean {
  const majority = Math.floor((nodes.length + arbiters.length) / 2) + 1;
  return arbiters.length > 0 && nodes.length - 1 < majority;
}

/** The shortest lease that a voter at this round trip can keep alive; both in milliseconds. */
export function leaseForRoundTrip(roundTrip: number): number {
  return Math.ceil(5 * roundTrip + 500);
}

/** The other way round: the longest round trip of a voter that can keep this lease alive; both in milliseconds. */
export function roundTripForLease(lease: number): number {
  return Math.max(0, Math.floor((lease - 500) / 5));
}

/**
 * The shortest lease that this cluster may have because of its arbiters, in milliseconds; 0 where none is needed after one
 * loss, or where nobody says how far away they are. A renewal takes one round trip, and a lost packet costs TCP another two
 * or three: five of them and half a second leave room for the next renewal.
 */
export function leastLease(cluster: Voters): number {
  const said = cluster.arbiters.flatMap(({ roundTrip }) => roundTrip ?? []);
  return needsArbiter(cluster) && said.length > 0 ? leaseForRoundTrip(Math.max(...said)) : 0;
}
