import assert from 'node:assert/strict';
import { fenceCommand } from '../../../src/cli/fence.ts';

const inventory = 'test/data/inventory-good/fencing.yml';

describe('muster fence', () => {
  const run = (...words: string[]): Promise<unknown> =>
    fenceCommand().parseAsync([...words, '-i', inventory], { from: 'user' });

  it('fences nobody where no node is named, or one that is not there', async () => {
    await assert.rejects(run(), /Cannot fence as a node must be named: none is/);
    await assert.rejects(
      run('node3', '--yes'),
      /Cannot fence "node3" as it must be in cluster "fenced": it has node1, node2/,
    );
  });
});
