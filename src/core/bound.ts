import type { Cluster } from '../model/cluster.ts';
import { rankDelay } from './takeover.ts';
import { attemptTime } from './timing.ts';

/** How long a service may be away when the node that has it dies; all in milliseconds. */
export interface OutageBound {
  readonly total: number;
  readonly lease: number;
  readonly attempt: number;
}

/**
 * The longest outage after the death of one node, while a majority is left and packets arrive: the dead holder's last
 * renewal lives on for one lease by the voters' count. An attempt before its end at a far voter is refused with what is
 * left of it; then follow the two phases of the one that succeeds, each within an attempt's time. Candidates take turns.
 */
export function outageBound(cluster: Cluster): OutageBound {
  const { lease } = cluster.timings;
  const attempt = attemptTime(lease);
  const turns = rankDelay * Math.max(0, cluster.nodes.length - 1);
  return { total: Math.ceil(lease * (1 + 2 * cluster.driftBound) + 3 * attempt + turns), lease, attempt };
}
