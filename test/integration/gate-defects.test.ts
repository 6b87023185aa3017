import assert from 'node:assert/strict';
import { type Check, checks } from './gate/checks.ts';
import { gateDefects } from './gate/defects.ts';
import { GateNetwork } from './gate/network.ts';

/** A busy machine may hide what a defect lets through, never make up what the whole gate keeps back. */
const looks = 5;

describe('the real lease gate', function () {
  this.timeout(120_000);
  const networks: GateNetwork[] = [];

  before(() => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    for (const number of [1, 2, 3]) networks.push(new GateNetwork(number));
  });
  after(() => Promise.all(networks.map((network) => network.remove())));

  /** Does all of it, on as many networks as there are. */
  async function shareOut<Item>(items: readonly Item[], work: (network: GateNetwork, item: Item) => Promise<void>) {
    const left = [...items];
    const one = async (network: GateNetwork): Promise<void> => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(network, item);
    };
    await Promise.all(networks.map(one));
  }

  it(`keeps all of ${Object.keys(checks).length} rules as it is`, async () => {
    const broken: Record<string, string[]> = {};
    await shareOut(Object.keys(checks) as Check[], async (network, name) => {
      await network.start('as it is', []);
      const wrong = await checks[name](network);
      if (wrong.length > 0) broken[name] = wrong;
    });
    assert.deepEqual(broken, {});
  });

  it(`is seen to break them with each of ${gateDefects.length} planted defects`, async () => {
    const missed: string[] = [];
    await shareOut(gateDefects, async (network, { name, edits, seenBy }) => {
      for (let look = 0; look < looks; look++) {
        await network.start(name, edits);
        if ((await checks[seenBy](network)).length > 0) return;
      }
      missed.push(name);
    });
    assert.deepEqual(missed, []);
  });
});
