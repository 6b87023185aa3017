/** Placement and the life of resources on several machines, under leases as they should be: one holder a group, moved when it has stopped. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GroupFacts, PlacementFacts } from '../../../../src/core/placing/facts.ts';
import { makePlan } from '../../../../src/core/placing/plan.ts';
import type { Action } from '../../../../src/core/resources/event.ts';
import { whyBarred } from '../../../../src/core/resources/failures.ts';
import { noPlacement } from '../../../../src/model/placement.ts';
import type { OnFail } from '../../../../src/model/resource-settings.ts';
import { draws } from '../../../draws.ts';
import { type Behaviour, ResourceWorld, setup } from './world.ts';

const second = 1000;
const nodes = ['n1', 'n2', 'n3'];
const groups = ['shop', 'mail'];

interface Trouble {
  readonly node: string;
  readonly group: string;
  readonly action: Action;
  readonly behaviour: Behaviour;
  /** Seconds. */
  readonly from: number;
  readonly lasts: number;
}

interface Given {
  readonly troubles: readonly Trouble[];
  /** Machines whose plug is pulled, and when; seconds. */
  readonly deaths: readonly (readonly [node: string, at: number])[];
  readonly fencingTakes: number;
  readonly onFail: OnFail;
}

const given: fc.Arbitrary<Given> = fc.record({
  troubles: fc.array(
    fc.record({
      node: fc.constantFrom(...nodes),
      group: fc.constantFrom(...groups),
      action: fc.constantFrom<Action>('start', 'stop', 'monitor'),
      behaviour: fc.constantFrom<Behaviour>(
        { says: 'failed' },
        { says: 'failed', does: 'run' },
        { says: 'unable' },
        { hangs: true },
        { takes: 3000 },
      ),
      from: fc.nat(100),
      lasts: fc.integer({ min: 1, max: 100 }),
    }),
    { maxLength: 6 },
  ),
  deaths: fc.uniqueArray(fc.tuple(fc.constantFrom(...nodes), fc.nat(100)), {
    maxLength: 1,
    selector: ([node]) => node,
  }),
  fencingTakes: fc.nat(20),
  onFail: fc.constantFrom('restart', 'migrate'),
});

/** Three machines and a keeper of leases that sees everything; `tick` is what each holder does once a second. */
class Machines {
  readonly worlds = new Map<string, ResourceWorld>();
  readonly dead = new Set<string>();
  /** Off for certain: dead, and somebody has confirmed it. */
  readonly fenced = new Set<string>();
  readonly holder = new Map<string, string>();
  readonly twice: string[] = [];
  readonly #fences = new Map<string, number>();
  readonly #given: Given;

  constructor(of: Given) {
    this.#given = of;
    for (const node of nodes) {
      const script = (resource: string, action: Action, time: number): Behaviour | undefined =>
        of.troubles.find(
          (one) =>
            one.node === node &&
            resource.startsWith(one.group) &&
            one.action === action &&
            time >= one.from * second &&
            time < (one.from + one.lasts) * second,
        )?.behaviour;
      const settings = {
        onFail: of.onFail,
        startTimeout: 5000,
        stopTimeout: 5000,
        monitorTimeout: 2000,
        failureTimeout: 30 * second,
      };
      const setups = groups.map((name) => setup(name, [`${name}-disk`, `${name}-db`], settings, true));
      this.worlds.set(node, new ResourceWorld(setups, script).start());
    }
  }

  tick(now: number): void {
    for (const [node, at] of this.#given.deaths) if (now === at * second) this.#die(node, now);
    for (const [node, world] of this.worlds) {
      if (this.dead.has(node)) continue;
      world.run(now - world.now);
      // Whoever cannot stop something is fenced, which takes its time.
      if (groups.some((name) => world.phases.get(name) === 'stuck')) this.#die(node, now);
    }
    for (const [node, at] of this.#fences) if (now >= at) this.fenced.add(node);
    const plan = makePlan(this.#facts());
    for (const { group, to } of plan.groups) this.#follow(group, to);
    for (const group of groups) {
      const on = nodes.filter((node) => [...this.worlds.get(node)!.runs].some((name) => name.startsWith(group)));
      if (on.length > 1) this.twice.push(`${now} ${group} runs on ${on.join(' and ')}`);
    }
  }

  #die(node: string, now: number): void {
    this.dead.add(node);
    // A machine without a plug runs nothing; one that is stuck runs it until it is fenced.
    if (!groups.some((name) => this.worlds.get(node)!.phases.get(name) === 'stuck'))
      this.worlds.get(node)!.runs.clear();
    this.#fences.set(node, now + this.#given.fencingTakes * second);
  }

  #facts(): PlacementFacts {
    return {
      placement: noPlacement,
      autoFailback: false,
      nodes: nodes.map((name) => ({ name, unable: this.dead.has(name) ? 'dead' : undefined, upFor: 1e9, reach: 0 })),
      groups: groups.map((name): GroupFacts => {
        const barred = new Map<string, string>();
        for (const [node, { state }] of this.worlds) {
          const why = whyBarred(state.groups.get(name)!);
          if (why !== undefined) barred.set(node, why);
        }
        return { name, preferred: 'n1', on: this.holder.get(name), barred, pinned: undefined };
      }),
      minuteOfWeek: undefined,
    };
  }

  #follow(group: string, to: string | undefined): void {
    const holder = this.holder.get(group);
    if (holder !== undefined && this.dead.has(holder)) {
      if (!this.fenced.has(holder)) return;
      this.worlds.get(holder)!.runs.clear();
      this.holder.delete(group);
    } else if (holder !== undefined && holder !== to) {
      const world = this.worlds.get(holder)!;
      world.happens({ type: 'want', group, wish: 'stop' });
      if (world.phases.get(group) !== 'stopped') return;
      this.holder.delete(group);
    }
    if (to === undefined || this.holder.has(group) || this.dead.has(to)) return;
    this.holder.set(group, to);
    this.worlds.get(to)!.happens({ type: 'want', group, wish: 'run' });
  }
}

function live(of: Given, seconds: number): Machines {
  const machines = new Machines(of);
  for (let now = 0; now <= seconds * second; now += second) machines.tick(now);
  return machines;
}

describe('resources and their placement together', function () {
  this.timeout(120_000);

  it('never run twice, and run in the end wherever they can, however agents fail and machines die', () => {
    fc.assert(
      fc.property(given, (of) => {
        const machines = live(of, 400);
        assert.deepEqual(machines.twice, []);
        for (const [node, world] of machines.worlds) assert.deepEqual(world.violations, [], node);
        const alive = nodes.filter((node) => !machines.dead.has(node));
        for (const group of groups) {
          const holder = machines.holder.get(group);
          const phase = holder === undefined ? undefined : machines.worlds.get(holder)!.phases.get(group);
          assert.ok(alive.length === 0 || phase === 'running', `${group} is ${phase} on ${holder}, alive are ${alive}`);
        }
      }),
      { numRuns: draws(60) },
    );
  });

  it('leave a node where they fail, at once for another one', () => {
    const trouble = {
      node: 'n1',
      group: 'shop',
      action: 'monitor',
      behaviour: { says: 'failed' },
      from: 0,
      lasts: 300,
    } as const;
    const machines = live({ troubles: [trouble], deaths: [], fencingTakes: 0, onFail: 'migrate' }, 20);
    assert.equal(machines.holder.get('shop'), 'n2');
    assert.equal(machines.holder.get('mail'), 'n1');
  });
});
