import assert from 'node:assert/strict';
import { type Scenario, scenarioNamed, scenarioNames } from '../../src/drill/scenarios.ts';
import type { Checker } from './checkers/checker.ts';
import { realCore } from './core.ts';
import { simulationInjector } from './injector.ts';
import type { Plan, TimedFault } from './plan.ts';
import { checkersOf } from './simulate.ts';
import { World } from './world.ts';

/** What no core could notice, as it has no wall clock, and what a made-up machine lacks: a disk, memory, processors. */
const unmade = ['clock-forward', 'clock-back', 'disk-full', 'memory', 'busy'];
/** The store of a simulated cluster is no machine; what its loss does is drawn as a fault of its own. */
const elsewhere = ['store-loss'];

const begins = 3000;
const ends = 5000;

/** Two networks, on which nothing is lost; node1 holds the group, and does not get it back. */
const plan: Plan = {
  ...{ seed: 1, nodes: 3, arbiters: 0, groups: 1, autoFailback: false, fast: false, changes: false, far: false },
  ...{ store: undefined, driftBound: 0.001, rates: [], drift: 0.001, links: 2, wire: false, slowCommands: 0 },
  network: { loss: 0, duplicate: 0, usual: 0.3, slow: 0, slowShare: 0 },
  faults: [],
  healAt: ends + 1000,
  endAt: ends + 5000,
};

function planOf(scenario: Scenario, victim: number): Plan {
  // Two nodes and an arbiter, or three nodes: three voters, 0 to 2.
  const sizes = scenario.victims === 'arbiters' ? { nodes: 2, arbiters: 1 } : { nodes: 3, arbiters: 0 };
  const others = [0, 1, 2].filter((index) => index !== victim && index < sizes.nodes);
  const faults = scenario.faults(victim, others).map((fault): TimedFault => {
    return { ...fault, at: begins, lasts: ends - begins };
  });
  return { ...plan, ...sizes, faults };
}

interface Seen {
  /** Who took the group over, in order; by its name. */
  readonly holders: readonly string[];
  /** How often the gate of the first holder was found shut between the fault and long after it. */
  readonly shut: number;
}

/** Throws Violation where an invariant is broken. */
function play(given: Plan): Seen {
  const holders: string[] = [];
  let shut = 0;
  const watcher: Checker = {
    name: 'scenario',
    stepped: (_world, machine, _event, effects) => {
      for (const effect of effects)
        if (effect.type === 'decide' && effect.decision.what === 'takeover') holders.push(machine.name);
    },
  };
  const world = new World(given, realCore, [...checkersOf(given), watcher], false);
  const look = (): void => {
    if (!world.machines[0]!.gate.isOpen('web1', world.now)) shut++;
    if (world.now < given.healAt) world.at(world.now + 5, -1, look);
  };
  world.at(begins - 10, -1, look);
  world.run();
  return { holders, shut };
}

/** The scenarios of drills, under the injector of the simulation: the same faults, the same expectations. */
describe('simulation: the scenarios of drills', () => {
  const made = scenarioNames.filter((name) => ![...unmade, ...elsewhere].includes(name)).map(scenarioNamed);

  for (const scenario of made.filter(({ victims }) => victims === 'nodes')) {
    it(`${scenario.name}: of the holder, then of a standby`, () => {
      const { holders, shut } = play(planOf(scenario, 0));
      const kept = scenario.harmless || scenario.name === 'loss';
      const flushed = scenario.name === 'flush' || scenario.name === 'nftables-restart';
      assert.deepEqual(holders, kept ? ['node1'] : ['node1', flushed ? 'node1' : 'node2']);
      assert.equal(shut === 0, kept);
      assert.deepEqual(play(planOf(scenario, 1)), { holders: ['node1'], shut: 0 });
    });
  }

  it('arbiter-loss: nobody feels it', () => {
    assert.deepEqual(play(planOf(scenarioNamed('arbiter-loss'), 2)), { holders: ['node1'], shut: 0 });
  });

  it('says so where it cannot make a fault', () => {
    for (const name of unmade) {
      const world = new World(plan, realCore, [], false);
      const injector = simulationInjector(world, 400);
      for (const fault of scenarioNamed(name).faults(0, [1, 2]))
        assert.throws(() => injector.begin(fault), /the simulation cannot make the fault/, name);
    }
    assert.deepEqual([...made.map(({ name }) => name), ...unmade, ...elsewhere].sort(), [...scenarioNames].sort());
  });
});
