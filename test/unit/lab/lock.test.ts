import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../src/lab/lock.ts';
import { allEnded } from '../../../src/lab/wait.ts';

describe('lab lock', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-lock-'));
    file = join(folder, 'sub', 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lets one at a time in, tells those who wait, and leaves no file', async () => {
    let inside = 0;
    let most = 0;
    let told = 0;
    const onWait = (): void => {
      told += 1;
    };
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(file, work, { onWait })));
    assert.deepEqual([most, told, existsSync(file)], [1, 2, false]);
  });

  it('takes over from a process that is gone, even where its id lives again', async () => {
    for (const left of ['999999999 1', `${process.pid} 1`]) {
      await withLock(file, async () => {});
      writeFileSync(file, left);
      assert.equal(await withLock(file, async () => 'done'), 'done');
    }
  });

  it('is released when the work fails, and waiting can be given up', async () => {
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(existsSync(file), false);
    await withLock(file, async () => {
      const signal = AbortSignal.timeout(30);
      await assert.rejects(withLock(file, async () => {}, { signal }));
    });
  });

  it('waits for every work to end before it reports the first failure', async () => {
    let ended = false;
    const slow = new Promise<void>((resolve) =>
      setTimeout(() => {
        ended = true;
        resolve();
      }, 20),
    );
    await assert.rejects(allEnded([Promise.reject(new Error('first')), slow]), /first/);
    assert.equal(ended, true);
  });
});
