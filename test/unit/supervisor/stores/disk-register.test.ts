import assert from 'node:assert/strict';
import { seededRandom } from '../../../../src/base/random.ts';
import { currentOf, type Sectors, swapAll } from '../../../../src/supervisor/stores/disk-register.ts';
import type { NodeSector } from '../../../../src/supervisor/stores/disk-sector.ts';

const group = 'aa'.repeat(8);
const record = { lease: 1000, released: false, to: 0, nonce: '0'.repeat(24) };
const nobody = async (): Promise<void> => {};

/** A disk whose every request begins, takes effect and ends when `random` says so, in any order between the nodes. */
class SlowDisk {
  readonly sectors = new Map<number, NodeSector>();
  readonly #waiting: (() => void)[] = [];
  readonly #random: () => number;

  constructor(random: () => number, places: number) {
    this.#random = random;
    for (let place = 1; place <= places; place++) this.sectors.set(place, { incarnation: '', entries: [] });
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  asSeenBy(place: number): Sectors {
    return {
      place,
      incarnation: String(place).padStart(32, '0'),
      read: async () => {
        await this.#pause();
        // One sector after the other, and others may write between them.
        const seen = new Map<number, NodeSector>();
        for (const at of this.sectors.keys()) {
          seen.set(at, this.sectors.get(at)!);
          if (this.#random() < 0.3) await this.#pause();
        }
        return seen;
      },
      write: async (own) => {
        await this.#pause();
        this.sectors.set(place, own);
        await this.#pause();
      },
    };
  }

  async run(actors: readonly Promise<void>[]): Promise<void> {
    let ended = false;
    const all = Promise.all(actors).finally(() => {
      ended = true;
    });
    while (!ended) {
      // All that can run without the disk runs first.
      await new Promise((resolve) => setImmediate(resolve));
      const next = Math.floor(this.#random() * this.#waiting.length);
      this.#waiting.splice(next, 1)[0]?.();
    }
    await all;
  }
}

const parts = (version: string): number[] => (version === '' ? [0, 0, 0] : version.split('.').map(Number));

function compare(left: string, right: string): number {
  const [l, r] = [parts(left), parts(right)];
  const at = l.findIndex((part, index) => part !== r[index]);
  return at < 0 ? 0 : l[at]! - r[at]!;
}

describe('the register on a quorum disk', () => {
  const calm = (): SlowDisk => new SlowDisk(() => 0, 3);
  const done = async <T>(disk: SlowDisk, run: Promise<T>): Promise<T> => {
    await disk.run([run.then(() => {})]);
    return run;
  };

  it('is taken, renewed under one ballot, and taken by another whose version is the newest', async () => {
    const disk = calm();
    const [first] = await done(disk, swapAll(disk.asSeenBy(1), [{ group, expected: '', record }], [group], nobody));
    assert.deepEqual([first!.ok, first!.version], [true, '1.1.0']);
    const renew = [{ group, expected: '1.1.0', record }];
    const [second] = await done(disk, swapAll(disk.asSeenBy(1), renew, [group], nobody));
    assert.deepEqual([second!.ok, second!.version], [true, '1.1.1']);
    const [stale] = await done(disk, swapAll(disk.asSeenBy(2), renew, [group], nobody));
    assert.deepEqual([stale!.ok, stale!.version], [false, '1.1.1']);
    const fenced: number[] = [];
    const take = [{ group, expected: '1.1.1', record }];
    const fence = async (places: readonly number[]): Promise<void> => void fenced.push(...places);
    const [third] = await done(disk, swapAll(disk.asSeenBy(2), take, [group], fence));
    assert.deepEqual([third!.ok, third!.version, fenced], [true, '2.2.0', [1]]);
    const [late] = await done(disk, swapAll(disk.asSeenBy(1), take, [group], nobody));
    assert.deepEqual([late!.ok, late!.version], [false, '2.2.0']);
  });

  it('fences nobody whose record was released', async () => {
    const disk = calm();
    const released = { ...record, released: true, to: 2 };
    await done(disk, swapAll(disk.asSeenBy(1), [{ group, expected: '', record }], [group], nobody));
    await done(disk, swapAll(disk.asSeenBy(1), [{ group, expected: '1.1.0', record: released }], [group], nobody));
    const fence = async (): Promise<void> => assert.fail('nobody is to be fenced');
    const take = [{ group, expected: '1.1.1', record }];
    const [taken] = await done(disk, swapAll(disk.asSeenBy(2), take, [group], fence));
    assert.equal(taken!.ok, true);
  });

  it('lets every write that was done build on the one before it, however the requests of three nodes mix', async function () {
    this.timeout(60_000);
    let swapped = 0;
    let refused = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed);
      const disk = new SlowDisk(() => random.next(), 3);
      const successes: { expected: string; version: string }[] = [];
      const actor = async (place: number): Promise<void> => {
        const seen = disk.asSeenBy(place);
        for (let turn = 0; turn < 6; turn++) {
          const expected = currentOf(await seen.read(), group).version;
          const [outcome] = await swapAll(seen, [{ group, expected, record }], [group], nobody);
          if (outcome!.ok) successes.push({ expected, version: outcome!.version });
          else refused++;
        }
      };
      await disk.run([1, 2, 3].map(actor));
      successes.sort((left, right) => compare(left.version, right.version));
      for (const [index, { expected }] of successes.entries()) {
        const before = successes[index - 1]?.version ?? '';
        assert.ok(compare(expected, before) >= 0, `seed ${seed}: ${JSON.stringify(successes)}`);
      }
      swapped += successes.length;
    }
    assert.ok(swapped > 250 && refused > 250, `${swapped} done, ${refused} refused`);
  });
});
