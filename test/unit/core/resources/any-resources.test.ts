import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Outcome, Wish } from '../../../../src/core/resources/event.ts';
import { onFailPolicies, type ResourceSettings } from '../../../../src/model/resource-settings.ts';
import { draws } from '../../../draws.ts';
import { type Behaviour, ResourceWorld, type Script, setup } from './world.ts';

const names = ['disk', 'db', 'web'];
const minute = 60_000;

/** What is done to the machine, and how its agents behave, until `healed`; from then on they are well. */
interface Life {
  readonly settings: ResourceSettings;
  readonly needsFencing: boolean;
  readonly moves: readonly (readonly [Wish | 'restart' | 'crash', number])[];
  readonly troubles: readonly Behaviour[];
  /** One in so many operations is in trouble. */
  readonly rarity: number;
  readonly seed: number;
}

const honestTrouble = fc.oneof(
  fc.record({
    says: fc.constantFrom<Outcome['kind']>('failed', 'failed', 'unable'),
    does: fc.constantFrom('nothing', 'run', 'stop' as const),
    takes: fc.nat(3000),
  }),
  fc.record({ hangs: fc.constant(true), does: fc.constantFrom('nothing', 'run', 'stop' as const) }),
  fc.record({ takes: fc.nat(30_000) }),
);
/** Says that it stopped, and did not; what a look says is true. */
const stopLie: fc.Arbitrary<Behaviour> = fc.record({
  says: fc.constant('ok' as const),
  does: fc.constant('nothing' as const),
});

function life(trouble: fc.Arbitrary<Behaviour>, needsFencing: fc.Arbitrary<boolean>): fc.Arbitrary<Life> {
  return fc.record({
    settings: fc.record({
      startTimeout: fc.constantFrom(5000, 20_000),
      stopTimeout: fc.constantFrom(5000, 20_000),
      monitorTimeout: fc.constant(5000),
      monitorInterval: fc.constantFrom(0, 2000, 10_000),
      onFail: fc.constantFrom(...onFailPolicies),
      migrationThreshold: fc.integer({ min: 1, max: 4 }),
      failureTimeout: fc.constantFrom(minute, 10 * minute),
    }),
    needsFencing,
    moves: fc.array(
      fc.tuple(fc.constantFrom('run', 'run', 'stop', 'leave', 'restart', 'crash' as const), fc.nat(2 * minute)),
      { minLength: 1, maxLength: 8 },
    ),
    troubles: fc.array(trouble, { minLength: 1, maxLength: 6 }),
    rarity: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(1000),
  });
}

/** A world that has lived through all of it; `lies`: a stop may say what is not so. */
function lived(
  { settings, needsFencing, moves, troubles, rarity, seed }: Life,
  lies: boolean,
): { world: ResourceWorld; heal: () => void } {
  let healed = false;
  let count = seed;
  const script: Script = (name, action) => {
    count++;
    if (healed || count % rarity !== 0) return undefined;
    const trouble = troubles[(count / rarity) % troubles.length]!;
    // A look changes nothing, and a lie is only told about a stop.
    if (action === 'probe' || action === 'monitor') {
      // What runs has its agent.
      const says = trouble.says === 'unable' && world.runs.has(name) ? 'failed' : trouble.says;
      return says === 'ok' ? undefined : { ...trouble, says, does: 'nothing' };
    }
    if (trouble.says === 'ok' && action !== 'stop') return undefined;
    return action === 'start' && trouble.does === 'stop' ? { ...trouble, does: 'nothing' } : trouble;
  };
  const world = new ResourceWorld(
    [setup('shop', names, settings, needsFencing)],
    script,
    lies || settings.onFail === 'ignore',
  );
  // Whatever is said to be stopped has to be.
  const happens = world.happens.bind(world);
  world.happens = (event) => {
    happens(event);
    if (
      world.phases.get('shop') === 'stopped' &&
      world.state.groups.get('shop')!.phase === 'stopped' &&
      world.runs.size > 0
    )
      world.violations.push(`${world.now} ${[...world.runs]} of a group that is said to be stopped`);
    return world;
  };
  world.start();
  for (const [move, time] of moves) {
    if (move === 'restart') world.restart();
    else if (move === 'crash') for (const name of names.slice(1)) world.crash(name);
    else world.happens({ type: 'want', group: 'shop', wish: move, urgently: time % 2 === 0 });
    world.run(time);
  }
  return { world, heal: () => (healed = true) };
}

describe('resources that fail, hang and lie', function () {
  this.timeout(120_000);

  it('are never started out of order, twice, or two things at once, and never said to be stopped while one runs', () => {
    fc.assert(
      fc.property(life(honestTrouble, fc.boolean()), (given) => {
        assert.deepEqual(lived(given, false).world.violations, []);
      }),
      { numRuns: draws(600) },
    );
  });

  it('are never said to be stopped where one must never run twice, whatever its stop says', () => {
    fc.assert(
      fc.property(life(fc.oneof(honestTrouble, stopLie), fc.constant(true)), (given) => {
        assert.deepEqual(lived(given, true).world.violations, []);
      }),
      { numRuns: draws(600) },
    );
  });

  it('are started a bounded number of times for one wish', () => {
    fc.assert(
      fc.property(life(honestTrouble, fc.boolean()), (given) => {
        const { world } = lived(given, false);
        world.happens({ type: 'want', group: 'shop', wish: 'run' });
        const [from, at] = [world.log.length, world.now];
        world.run(given.settings.failureTimeout - 1);
        const starts = world.log.slice(from).filter((line) => line.endsWith('start web')).length;
        // Each failure of any of the three starts web at most once more, and each may fail so often before it is given up.
        const most = names.length * given.settings.migrationThreshold + 1;
        assert.ok(given.settings.onFail === 'ignore' || starts <= most, `${starts} starts from ${at} on, not ${most}`);
      }),
      { numRuns: draws(200) },
    );
  });

  it('run again once they are well and an operator says so, or their failures are forgotten', () => {
    fc.assert(
      fc.property(life(honestTrouble, fc.boolean()), fc.boolean(), (given, cleared) => {
        const { world, heal } = lived(given, false);
        heal();
        world.happens({ type: 'want', group: 'shop', wish: 'run' });
        if (cleared || [...world.state.groups.get('shop')!.resources].some(({ stuck }) => stuck))
          world.run(5 * minute).happens({ type: 'clear', group: 'shop' });
        world.run(cleared ? 5 * minute : given.settings.failureTimeout + 10 * minute);
        if (world.phases.get('shop') === 'stuck')
          world.happens({ type: 'clear', group: 'shop' }).run(given.settings.failureTimeout + 5 * minute);
        assert.equal(world.phases.get('shop'), 'running', world.log.slice(-12).join('\n'));
        world.happens({ type: 'want', group: 'shop', wish: 'stop' }).run(5 * minute);
        assert.equal(world.phases.get('shop'), 'stopped');
        assert.deepEqual([...world.runs], []);
      }),
      { numRuns: draws(200) },
    );
  });
});
