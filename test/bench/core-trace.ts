import type { Event } from '../../src/core/event.ts';
import { type NodeState, step, wakeAt } from '../../src/core/node.ts';
import { type Core, realCore } from '../simulation/core.ts';
import type { Plan, TimedFault } from '../simulation/plan.ts';
import { World } from '../simulation/world.ts';

/** All that one life of one node was told, in order: enough to live it again without a simulator. */
export interface Trace {
  readonly create: () => NodeState;
  readonly events: { readonly event: Event; readonly now: number }[];
  /** How many effects came of it: what is replayed must do the same. */
  effects: number;
}

/** What a cluster of this size is told in `span` milliseconds of its time. */
export function record(nodes: number, groups: number, faults: readonly TimedFault[], span: number): readonly Trace[] {
  const plan: Plan = {
    seed: 1,
    nodes,
    groups,
    faults,
    arbiters: 0,
    autoFailback: false,
    driftBound: 0.001,
    fast: false,
    far: false,
    store: undefined,
    changes: false,
    rates: [],
    drift: 0.001,
    links: 1,
    wire: false,
    network: { loss: 0, duplicate: 0, usual: 0.3, slow: 0, slowShare: 0 },
    slowCommands: 0,
    healAt: Number.POSITIVE_INFINITY,
    endAt: span,
  };
  const traces = new Map<NodeState, Trace>();
  const core: Core = {
    ...realCore,
    createNode: (...args) => {
      const state = realCore.createNode(...args);
      traces.set(state, { create: () => realCore.createNode(...args), events: [], effects: 0 });
      return state;
    },
    step: (state, event, now) => {
      const trace = traces.get(state)!;
      trace.events.push({ event, now });
      const done = realCore.step(state, event, now);
      trace.effects += done.effects.length;
      if (done.state !== state) traces.set(done.state, trace);
      return done;
    },
  };
  new World(plan, core, [], false).run();
  return [...new Set(traces.values())];
}

/** Steps a second of processor time (others may want the processor, too), over all lives one after the other; throws where one did not do what it did when it was recorded. */
export function replay(traces: readonly Trace[]): number {
  let steps = 0;
  const start = process.cpuUsage();
  for (const { create, events, effects: expected } of traces) {
    let state = create();
    let effects = 0;
    for (const { event, now } of events) {
      const done = step(state, event, now);
      state = done.state;
      effects += done.effects.length;
      wakeAt(state);
    }
    if (effects !== expected) throw new Error(`${effects} effects came of a replay, not ${expected}`);
    steps += events.length;
  }
  const { user, system } = process.cpuUsage(start);
  return (steps * 1e6) / (user + system);
}
