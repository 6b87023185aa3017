import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import * as real from '../../src/core/node.ts';
import type { NodeOptions, NodeState } from '../../src/core/state.ts';
import type { Cluster } from '../../src/model/cluster.ts';

/** What the simulation needs of the core, so that it runs a copy with a planted defect just as well. */
export interface Core {
  createNode(cluster: Cluster, self: string, options: NodeOptions, now: number): NodeState;
  step(state: NodeState, event: Event, now: number): { readonly state: NodeState; readonly effects: readonly Effect[] };
  wakeAt(state: NodeState): number;
}

export const realCore: Core = real;
