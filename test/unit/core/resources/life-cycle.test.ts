import assert from 'node:assert/strict';
import { whyBarred } from '../../../../src/core/resources/failures.ts';
import { ResourceWorld, type Script, setup } from './world.ts';

const quiet = { monitorInterval: 0 };
const want = (world: ResourceWorld, wish: 'run' | 'stop' | 'leave', urgently = false): ResourceWorld =>
  world.happens({ type: 'want', group: 'shop', wish, urgently });

/** A world whose group is asked to run, after the first look. */
function begun(script: Script = () => undefined, settings = {}, needsFencing = false): ResourceWorld {
  const world = new ResourceWorld(
    [setup('shop', ['disk', 'db', 'web'], { ...quiet, ...settings }, needsFencing)],
    script,
  );
  return want(world.start().run(100), 'run');
}

const actions = ({ log }: ResourceWorld): string[] =>
  log.filter((line) => /^\d+ (start|stop|monitor|probe) /.test(line));
const logOf = (world: ResourceWorld, act: () => void): string[] => {
  const from = world.log.length;
  act();
  return world.log.slice(from).map((line) => line.replace(/^\d+ /, ''));
};

describe('the life of resources', () => {
  it('looks first, starts in order, stops in reverse, each when the one before has ended', () => {
    const world = begun().run(1000);
    want(world, 'stop').run(1000);
    assert.deepEqual(world.log, [
      '0 probe disk',
      '0 probe db',
      '0 probe web',
      '10 disk: notRunning',
      '10 db: notRunning',
      '10 web: notRunning',
      '10 shop is stopped',
      '100 start disk',
      '100 shop is changing',
      '110 start db',
      '120 start web',
      '130 shop is running',
      '1100 stop web',
      '1100 shop is changing',
      '1110 stop db',
      '1120 stop disk',
      '1130 shop is stopped',
    ]);
    assert.deepEqual(world.violations, []);
  });

  it('adopts what runs when musterd starts again, and starts only what is missing', () => {
    // The start of db is under way, and ends without musterd.
    const world = begun().run(15);
    assert.deepEqual([...world.runs], ['disk']);
    world.restart().run(100);
    assert.deepEqual([...world.runs], ['disk', 'db']);
    const seen = logOf(world, () => want(world, 'run').run(100));
    assert.deepEqual(seen, ['start web', 'shop is running']);
    assert.deepEqual(world.violations, []);
  });

  it('touches nothing when musterd starts until it knows whether this node may have the group', () => {
    const world = begun().run(100);
    world.restart().run(100_000);
    assert.deepEqual([...world.runs], ['disk', 'db', 'web']);
    const seen = logOf(world, () => want(world, 'stop').run(100));
    assert.deepEqual(seen, ['stop web', 'shop is changing', 'stop db', 'stop disk', 'shop is stopped']);
  });

  it('stops what comes later before it starts what is missing in the middle', () => {
    const world = begun().run(100);
    world.crash('db');
    world.restart().run(100);
    const seen = logOf(world, () => want(world, 'run').run(100));
    assert.deepEqual(seen, ['stop web', 'start db', 'start web', 'shop is running']);
    assert.deepEqual(world.violations, []);
  });

  it('stops what fails, with all that needs it, and starts it again', () => {
    const world = begun(undefined, { monitorInterval: 1000 }).run(500);
    world.crash('db');
    const seen = logOf(world, () => world.run(1100)).filter((line) => !line.startsWith('monitor'));
    assert.deepEqual(seen, [
      'db: notRunning',
      'db: it does not run any more: it says notRunning (failure 1)',
      'stop web',
      'shop is changing',
      'stop db',
      'start db',
      'start web',
      'shop is running',
    ]);
    assert.deepEqual(world.violations, []);
  });

  it('stops what failed in part before it starts it again', () => {
    let starts = 0;
    const world = begun((name, action) =>
      name === 'db' && action === 'start' && ++starts === 1 ? { says: 'failed', does: 'run' } : undefined,
    );
    world.run(1000);
    assert.deepEqual(
      world.log.slice(-6).map((line) => line.replace(/^\d+ /, '')),
      ['db: failed', 'db: start: it says failed (failure 1)', 'stop db', 'start db', 'start web', 'shop is running'],
    );
    assert.deepEqual(world.violations, []);
  });

  it('gives a group up after as many failures as it may have, and tries again when they are forgotten', () => {
    const broken: Script = (name, action, time) =>
      name === 'web' && action === 'start' && time < 600_000 ? { says: 'failed' } : undefined;
    const world = begun(broken).run(1000);
    const starts = actions(world).filter((line) => line.endsWith('start web'));
    assert.equal(starts.length, 3);
    assert.equal(world.phases.get('shop'), 'stopped');
    const gaveUp = world.effects.filter(({ type }) => type === 'giveUp');
    assert.deepEqual(gaveUp, [
      {
        type: 'giveUp',
        group: 'shop',
        why: 'web failed there 3 times: start: it says failed; forgotten 10 min after the last failure',
      },
    ]);
    assert.equal(whyBarred(world.state.groups.get('shop')!), 'web failed there 3 times: start: it says failed');
    world.run(700_000);
    assert.equal(world.phases.get('shop'), 'running');
  });

  it('leaves at the first failure where it is to migrate, and never tries what cannot run here', () => {
    for (const [settings, says] of [
      [{ onFail: 'migrate' }, 'failed'],
      [{}, 'unable'],
    ] as const) {
      const world = begun((name, action) => (name === 'db' && action === 'start' ? { says } : undefined), settings).run(
        1000,
      );
      assert.equal(actions(world).filter((line) => line.endsWith('start db')).length, 1, says);
      assert.equal(world.phases.get('shop'), 'stopped');
      assert.equal(world.effects.filter(({ type }) => type === 'giveUp').length, 1);
    }
  });

  it('knows before it is asked that a group cannot run here', () => {
    const world = new ResourceWorld([setup('shop', ['db'])], () => ({ says: 'unable' })).start().run(100);
    assert.equal(world.phases.get('shop'), 'stopped');
    assert.equal(whyBarred(world.state.groups.get('shop')!), 'db cannot run there: probe: it says unable');
  });

  it('gives a group up whose start hangs for longer than failures count', () => {
    const settings = { startTimeout: 900_000, failureTimeout: 600_000 };
    const world = begun(
      (name, action) => (name === 'db' && action === 'start' ? { hangs: true } : undefined),
      settings,
    );
    world.run(2_800_000);
    assert.equal(actions(world).filter((line) => line.endsWith('start db')).length, 3);
    assert.equal(world.effects.filter(({ type }) => type === 'giveUp').length, 1);
  });

  it('looks whether it can run by now before it says that what could not run at all may come back', () => {
    const script: Script = (name, action, time) => {
      if (name !== 'db' || action === 'stop' || time > 1_500_000 || (action === 'probe' && time < 200))
        return undefined;
      // In the middle of its installation nobody can say anything: that is no reason to stop or to fence.
      return action === 'start' || time < 1_000_000 ? { says: 'unable' } : { says: 'failed' };
    };
    const world = begun(script).run(1000);
    want(world, 'stop');
    const barred = (): string | undefined => whyBarred(world.state.groups.get('shop')!);
    const seen = logOf(world, () => world.run(700_000));
    assert.deepEqual(seen, ['probe db', 'db: unable']);
    assert.equal(barred(), 'db cannot run there: start: it says unable');
    assert.deepEqual(
      logOf(world, () => world.run(600_000)),
      ['probe db', 'db: failed'],
    );
    assert.equal(barred(), 'db cannot run there: start: it says unable');
    world.run(600_000);
    assert.equal(barred(), undefined);
    assert.deepEqual(
      logOf(world, () => want(world, 'run').run(1000)).filter((line) => line.startsWith('start')),
      ['start disk', 'start db', 'start web'],
    );
  });

  it('asks for fencing where a failure is a reason for it, not where it cannot run at all', () => {
    for (const action of ['start', 'probe'])
      assert.deepEqual(
        begun((name, asked) => (name === 'db' && asked === action ? { says: 'unable' } : undefined), {
          onFail: 'fence',
        })
          .run(1000)
          .effects.filter(({ type }) => type === 'fence'),
        [],
      );
  });

  it('asks for fencing where a failure is a reason for it', () => {
    const world = begun((name, action) => (name === 'db' && action === 'start' ? { says: 'failed' } : undefined), {
      onFail: 'fence',
    }).run(1000);
    assert.deepEqual(world.effects.filter(({ type }) => type === 'fence').length, 1);
  });

  it('only tells once of a failure that is ignored, and goes on looking', () => {
    const world = begun((name, action) => (name === 'web' && action === 'monitor' ? { says: 'failed' } : undefined), {
      onFail: 'ignore',
      monitorInterval: 1000,
    }).run(10_000);
    assert.equal(world.phases.get('shop'), 'running');
    assert.equal(world.effects.filter((effect) => effect.type === 'say' && effect.why.includes('ignored')).length, 1);
    assert.ok(actions(world).filter((line) => line.endsWith('monitor web')).length > 5);
  });

  describe('what cannot be stopped', () => {
    const stubborn: Script = (name, action) => (name === 'db' && action === 'stop' ? { says: 'failed' } : undefined);

    it('is tried three times, then the node has to be fenced, and nothing before it is touched', () => {
      const world = begun(stubborn).run(100);
      want(world, 'stop').run(60_000);
      assert.deepEqual(
        world.effects.filter(({ type }) => type === 'fence'),
        [{ type: 'fence', group: 'shop', why: 'db cannot be stopped: stop: it says failed' }],
      );
      assert.equal(world.phases.get('shop'), 'stuck');
      assert.deepEqual([...world.runs], ['disk', 'db']);
      assert.equal(actions(world).filter((line) => line.endsWith('stop db')).length, 3);
    });

    it('is believed to be stopped where a look says so: some scripts fail to stop what does not run', () => {
      const world = begun((name, action) =>
        name === 'db' && action === 'stop' ? { says: 'failed', does: 'stop' } : undefined,
      ).run(100);
      want(world, 'stop').run(1000);
      assert.equal(world.phases.get('shop'), 'stopped');
    });

    it('may hang: then it is killed, and looked at', () => {
      const world = begun((name, action) => (name === 'db' && action === 'stop' ? { hangs: true } : undefined), {
        stopTimeout: 5000,
      }).run(100);
      want(world, 'stop').run(60_000);
      assert.equal(world.phases.get('shop'), 'stuck');
      assert.match(world.log.join('\n'), /db cannot be stopped: stop: killed/);
    });

    it('may lie: where it must never run twice, it is looked at, not believed', () => {
      const liar: Script = (name, action) =>
        name === 'db' && action === 'stop' ? { says: 'ok', does: 'nothing' } : undefined;
      const world = begun(liar, {}, true).run(100);
      want(world, 'stop').run(60_000);
      assert.equal(world.phases.get('shop'), 'stuck');
      assert.match(
        world.log.join('\n'),
        /fence: db cannot be stopped: stop: it says that it worked, but the resource runs/,
      );
    });

    it('is looked at again when an operator says that it is mended', () => {
      const world = begun(stubborn).run(100);
      want(world, 'stop').run(60_000);
      world.crash('db');
      world.happens({ type: 'clear', group: 'shop' }).run(1000);
      assert.equal(world.phases.get('shop'), 'stopped');
      assert.deepEqual([...world.runs], []);
    });
  });

  it('does not wait for a start that hangs when the lease is lost, but does when it hands over', () => {
    const slow: Script = (name, action) => (name === 'db' && action === 'start' ? { takes: 30_000 } : undefined);
    const lost = begun(slow).run(1000);
    assert.deepEqual(
      logOf(lost, () => want(lost, 'stop', true).run(100)),
      ['stop db', 'stop disk', 'shop is stopped'],
    );
    const asked = begun(slow).run(1000);
    assert.deepEqual(
      logOf(asked, () => want(asked, 'stop').run(100)),
      [],
    );
    asked.run(30_000);
    assert.equal(asked.phases.get('shop'), 'stopped');
    assert.deepEqual([...lost.violations, ...asked.violations], []);
  });

  it('leaves everything alone in maintenance, and looks afterwards at what became of it', () => {
    const world = begun(undefined, { monitorInterval: 1000 }).run(500);
    const seen = logOf(world, () => {
      want(world, 'leave');
      world.crash('web');
      world.run(100_000);
    });
    assert.deepEqual(seen, ['shop is left']);
    assert.deepEqual(
      logOf(world, () => want(world, 'run').run(100)).filter((line) => line.startsWith('start')),
      ['start web'],
    );
  });

  it('hears late answers of what it has given up on for nothing', () => {
    const world = begun().run(100);
    const before = structuredClone(world.state.groups.get('shop'));
    world.happens({ type: 'done', id: 1, outcome: { kind: 'failed', text: '' } });
    assert.deepEqual(world.state.groups.get('shop'), before);
  });
});
