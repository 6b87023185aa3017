import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import * as real from '../../src/core/node.ts';
import { createResources } from '../../src/core/resources/state.ts';
import { stepResources } from '../../src/core/resources/step.ts';
import type { NodeOptions, NodeState } from '../../src/core/state.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { leaseForRoundTrip } from '../../src/model/lease-floor.ts';
import { ReplayGuard } from '../../src/wire/authentication.ts';
import { Codec } from '../../src/wire/codec.ts';

/** What the simulation needs of the core and the wire, so that it runs a copy with a planted defect just as well. */
export interface Core {
  createNode(cluster: Cluster, self: string, options: NodeOptions, now: number): NodeState;
  step(state: NodeState, event: Event, now: number): { readonly state: NodeState; readonly effects: readonly Effect[] };
  wakeAt(state: NodeState): number;
  readonly leaseForRoundTrip: typeof leaseForRoundTrip;
  readonly createResources: typeof createResources;
  readonly stepResources: typeof stepResources;
  readonly ReplayGuard: typeof ReplayGuard;
  readonly Codec: typeof Codec;
}

export const realCore: Core = {
  ...real,
  leaseForRoundTrip,
  createResources,
  stepResources,
  ReplayGuard,
  Codec,
};
