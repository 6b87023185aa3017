import assert from 'node:assert/strict';
import { SelfTest } from '../../../../src/supervisor/fencing/self-test.ts';
import type { FenceWay } from '../../../../src/supervisor/fencing/way.ts';
import { type FenceDeviceStatus, showFencingStatus } from '../../../../src/wire/fencing.ts';

function world() {
  const answers = new Map<string, boolean>([
    ['a', true],
    ['b', true],
  ]);
  const said: string[] = [];
  let running = 0;
  const way = (name: string): FenceWay => ({
    name,
    agent: 'fence_fake',
    nodes: ['n1'],
    fence: async () => assert.fail('a test fences nobody'),
    test: async () => {
      assert.equal(++running, 1, 'one device at a time');
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return answers.get(name) ? { ok: true, text: 'answers' } : { ok: false, text: 'does not answer for n1' };
    },
  });
  let now = 0;
  const test = new SelfTest({
    ways: [way('a'), way('b')],
    interval: 60_000,
    say: (why) => said.push(`said: ${why}`),
    warn: (why) => said.push(`warned: ${why}`),
    now: () => now,
    random: () => 0.5,
  });
  const after = (ms: number): void => {
    now += ms;
  };
  return { test, answers, said, after };
}

describe('the test of fencing devices', () => {
  it('warns once when a device fails, and says when it answers again', async () => {
    const { test, answers, said, after } = world();
    assert.deepEqual(
      test.status().map(({ state }) => state),
      ['untested', 'untested'],
    );
    await test.run();
    answers.set('b', false);
    await test.run();
    await test.run();
    const warned = 'warned: fencing device b (fence_fake) failed its test: it does not answer for n1';
    assert.deepEqual(said, [warned]);
    after(5000);
    assert.deepEqual(test.status()[1], {
      name: 'b',
      agent: 'fence_fake',
      nodes: ['n1'],
      state: 'failed',
      why: 'does not answer for n1',
      testedMsAgo: 5000,
    });
    answers.set('b', true);
    await test.run();
    assert.deepEqual(said, [warned, 'said: fencing device b (fence_fake) answers again']);
    assert.deepEqual(
      test.status().map(({ state, why }) => [state, why]),
      [
        ['ok', ''],
        ['ok', ''],
      ],
    );
  });

  it('warns of a device that fails at its first test', async () => {
    const { test, answers, said } = world();
    answers.set('a', false);
    await test.run();
    assert.equal(said.length, 1);
  });

  it('says nothing any more once it is stopped', async () => {
    const { test, answers, said } = world();
    answers.set('a', false);
    const running = test.run();
    test.stop();
    await running;
    assert.deepEqual([said, test.status()[1]!.state], [[], 'untested']);
  });

  it('is shown as how many devices answer, of several nodes too, and which do not', () => {
    const device = (tester: string, name: string, state: FenceDeviceStatus['state']): FenceDeviceStatus => ({
      tester,
      name,
      agent: 'fence_fake',
      nodes: null,
      state,
      why: state === 'failed' ? 'does not answer' : '',
      testedMsAgo: null,
    });
    const devices = [
      device('n1', 'a', 'ok'),
      device('n2', 'a', 'failed'),
      device('n1', 'b', 'ok'),
      device('n2', 'b', 'ok'),
    ];
    assert.deepEqual(
      showFencingStatus({ devices, underWay: [{ node: 'n3', sinceMs: 2000, why: 'db waits' }], latest: [] }),
      [
        '  * Fencing devices: 1 of 2 answer',
        '    * a (fence_fake) FAILED its test by n2: it does not answer',
        '    * n3 is being fenced, since 2 s: db waits',
      ],
    );
    assert.deepEqual(showFencingStatus({ devices: [device('n1', 'a', 'untested')], underWay: [], latest: [] }), [
      '  * Fencing devices: 0 of 1 answers, 1 not tested yet',
    ]);
  });
});
