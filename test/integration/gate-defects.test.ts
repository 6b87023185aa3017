import assert from 'node:assert/strict';
import type { Edit } from '../simulation/defect.ts';
import { checks } from './gate/checks.ts';
import { gateDefects } from './gate/defects.ts';
import { lifetimeChecks } from './gate/lifetime-checks.ts';
import { lifetimeDefects } from './gate/lifetime-defects.ts';
import { LifetimeSpace } from './gate/lifetime-space.ts';
import { GateNetwork } from './gate/network.ts';

/** A busy machine may hide what a defect lets through, never make up what the whole guard keeps back. */
const looks = 5;

/** Where a guard runs with edits in its source. */
interface Network {
  start(name: string, edits: readonly Edit[]): Promise<void>;
  remove(): Promise<void>;
}

/** Does all of it, on as many networks as there are. */
async function shareOut<Where, Item>(
  networks: readonly Where[],
  items: readonly Item[],
  work: (network: Where, item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const one = async (network: Where): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(network, item);
  };
  await Promise.all(networks.map(one));
}

/** The guard as it is must pass all checks, and with each defect fail the one that has to see it. */
function judge<Where extends Network, Check extends string>(
  make: (number: number) => Where,
  checks: Readonly<Record<Check, (network: Where) => Promise<string[]>>>,
  defects: readonly { readonly name: string; readonly edits: readonly Edit[]; readonly seenBy: Check }[],
): void {
  const networks: Where[] = [];

  before(() => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    for (const number of [1, 2, 3]) networks.push(make(number));
  });
  after(() => Promise.all(networks.map((network) => network.remove())));

  it(`keeps all of ${Object.keys(checks).length} rules as it is`, async () => {
    const broken: Record<string, string[]> = {};
    await shareOut(networks, Object.keys(checks) as Check[], async (network, name) => {
      await network.start('as it is', []);
      const wrong = await checks[name](network);
      if (wrong.length > 0) broken[name] = wrong;
    });
    assert.deepEqual(broken, {});
  });

  it(`is seen to break them with each of ${defects.length} planted defects`, async () => {
    const missed: string[] = [];
    await shareOut(networks, defects, async (network, { name, edits, seenBy }) => {
      for (let look = 0; look < looks; look++) {
        await network.start(name, edits);
        if ((await checks[seenBy](network)).length > 0) return;
      }
      missed.push(name);
    });
    assert.deepEqual(missed, []);
  });
}

describe('the real lease gate', function () {
  this.timeout(300_000);
  judge((number) => new GateNetwork(number), checks, gateDefects);
});

describe('the real lifetime of an address, which guards it where no packet filter can', function () {
  this.timeout(300_000);
  judge((number) => new LifetimeSpace(number), lifetimeChecks, lifetimeDefects);
});
