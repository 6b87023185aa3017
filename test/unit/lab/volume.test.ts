import { strict as assert } from 'node:assert';
import { labUp } from '../../../src/lab/lab.ts';
import { labPaths, nodePaths, volumeFile } from '../../../src/lab/names.ts';

describe('the shared volume of a lab', () => {
  it('has a name for each machine, by which the kernel says whose a loop device is', () => {
    const paths = labPaths('shop');
    const names = ['node1', 'node2'].map((node) => nodePaths(paths, node).volume);
    assert.equal(new Set([...names, volumeFile(paths)]).size, 3);
  });

  it('has a size that can be', async () => {
    for (const volume of [0, -1, 1.5, 65_537, Number.NaN]) {
      const up = labUp({ name: 'shop', volume });
      await assert.rejects(up, {
        message: `Cannot make a shared volume as it must have 1 to 65536 megabytes: ${volume}`,
      });
    }
  });
});
