import assert from 'node:assert/strict';
import type { Fencing } from '../../../../src/model/fencing.ts';
import { defaultFencing } from '../../../../src/model/fencing.ts';
import { Fencer } from '../../../../src/supervisor/fencing/fencer.ts';
import type { FenceResult, FenceWay } from '../../../../src/supervisor/fencing/way.ts';
import type { FencingRecord } from '../../../../src/wire/fencing.ts';

type Does = (node: string) => boolean | Promise<boolean>;

/** A fencer with made-up devices, each known by name; what is done stands in `done`. */
function world(
  does: Readonly<Record<string, Does>>,
  levels: Fencing['levels'],
  lines: Readonly<Record<string, Does>> = {},
) {
  const done: string[] = [];
  const records: FencingRecord[] = [];
  const said: string[] = [];
  const way = (name: string, nodes: readonly string[] | undefined, act: Does): FenceWay => ({
    name,
    agent: 'fence_fake',
    nodes,
    fence: async (node): Promise<FenceResult> => {
      done.push(`${name} ${node}`);
      const ok = await act(node);
      return { ok, text: ok ? 'says that it is off' : 'failed' };
    },
    revive: async (node) => {
      done.push(`${name} on ${node}`);
      return { ok: false, text: 'could not switch it on again' };
    },
    test: async () => ({ ok: true, text: 'answers' }),
  });
  const nodes = { n1: {}, n2: {} };
  const { timeout, randomDelay, selfTest } = defaultFencing;
  const fencing: Fencing = {
    lines: Object.keys(lines).map((type) => ({ directive: 'stonith_host', from: '*', type, parameters: '' })),
    devices: Object.keys(does).map((name) => ({
      name,
      agent: 'fence_fake',
      options: {},
      nodes,
      action: 'off',
      timeout,
    })),
    levels,
    delays: {},
    randomDelay,
    selfTest,
  };
  const fencer = new Fencer({
    fencing,
    self: 'n3',
    ways: [
      ...Object.entries(does).map(([name, act]) => way(name, ['n1', 'n2'], act)),
      ...Object.entries(lines).map(([name, act]) => way(name, undefined, act)),
    ],
    record: (record) => records.push(record),
    say: (why) => said.push(why),
    warn: (why) => said.push(why),
    now: () => 100,
    clock: () => 1_000_000,
  });
  return { fencer, done, records, said };
}

const yes: Does = () => true;
const no: Does = () => false;

describe('fencing by levels', () => {
  it('ends with the first level that succeeds', async () => {
    const { fencer, done } = world({ a: no, b: yes, c: yes }, {});
    assert.deepEqual(await fencer.fence('n1', 'why'), { ok: true, text: 'b (fence_fake) says that it is off' });
    assert.deepEqual(done, ['a n1', 'b n1', 'b on n1']);
  });

  it('needs every device of a level', async () => {
    const { fencer, done } = world({ a: yes, b: no, c: yes }, { n1: [['a', 'b'], ['c']] });
    assert.deepEqual(await fencer.fence('n1', 'why'), { ok: true, text: 'c (fence_fake) says that it is off' });
    assert.deepEqual(done, ['a n1', 'b n1', 'c n1', 'c on n1']);
    const both = world({ a: yes, b: yes }, { n1: [['a', 'b']] });
    const { ok, text } = await both.fencer.fence('n1', 'why');
    assert.deepEqual([ok, text], [true, 'a (fence_fake) says that it is off; b (fence_fake) says that it is off']);
  });

  it('switches a node on again only when all have switched it off, and is done whatever comes of that', async () => {
    const { fencer, done, said } = world({ a: yes, b: yes }, { n1: [['a', 'b']] });
    assert.equal((await fencer.fence('n1', 'why')).ok, true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(done, ['a n1', 'b n1', 'a on n1', 'b on n1']);
    assert.deepEqual(said[0], 'a (fence_fake) could not switch it on again');
  });

  it('has failed when every level has, and says what each device said', async () => {
    const { fencer, records } = world({ a: no, b: no }, {}, { ssh: no });
    assert.deepEqual(await fencer.fence('n1', 'web waits for it'), {
      ok: false,
      text: 'a (fence_fake) failed; b (fence_fake) failed; ssh (fence_fake) failed',
    });
    assert.deepEqual(
      records.map(({ node, by, ok, why }) => [node, by, ok, why]),
      [['n1', 'n3', false, 'web waits for it']],
    );
  });

  it("tries heartbeat's lines after the devices, also for nodes that no device knows", async () => {
    const { fencer, done } = world({ a: no }, {}, { ssh: yes });
    assert.equal((await fencer.fence('n1', 'why')).ok, true);
    assert.equal((await fencer.fence('n4', 'why')).ok, true);
    assert.deepEqual(
      done.filter((what) => !what.includes(' on ')),
      ['a n1', 'ssh n1', 'ssh n4'],
    );
  });

  it('fences one node once at a time, each request by itself, and different nodes beside each other', async () => {
    let release = (_: boolean): void => {};
    const slow = new Promise<boolean>((resolve) => {
      release = resolve;
    });
    const { fencer, done, records } = world({ a: (node) => (node === 'n1' ? slow : true) }, {});
    const [first, again, other] = [fencer.fence('n1', 'one'), fencer.fence('n1', 'two'), fencer.fence('n2', 'three')];
    assert.equal((await other).ok, true);
    assert.deepEqual(fencer.underWay(), [{ node: 'n1', since: 100, why: 'two' }]);
    assert.deepEqual(
      done.filter((what) => !what.includes(' on ')),
      ['a n1', 'a n2'],
    );
    release(true);
    assert.deepEqual([(await first).ok, (await again).ok], [true, true]);
    assert.deepEqual(
      done.filter((what) => !what.includes(' on ')),
      ['a n1', 'a n2', 'a n1'],
    );
    assert.deepEqual(fencer.underWay(), []);
    assert.deepEqual(
      records.map(({ why }) => why),
      ['three', 'one', 'two'],
    );
  });

  it('never fences the own node, nor one that nobody knows', async () => {
    const { fencer, done } = world({ a: yes }, {});
    assert.deepEqual(await fencer.fence('n3', 'why'), { ok: false, text: 'no node fences itself' });
    assert.deepEqual(await fencer.fence('n4', 'why'), { ok: false, text: 'no device that n3 may use knows n4' });
    assert.deepEqual(done, []);
  });

  it('begins no further level when musterd ends', async () => {
    const { fencer, done } = world(
      {
        a: () => {
          fencer.stop();
          return false;
        },
        b: yes,
      },
      {},
    );
    assert.deepEqual(await fencer.fence('n1', 'why'), { ok: false, text: 'musterd ends' });
    assert.deepEqual(done, ['a n1']);
  });
});
