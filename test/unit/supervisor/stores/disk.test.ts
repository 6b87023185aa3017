import assert from 'node:assert/strict';
import { DiskStore } from '../../../../src/supervisor/stores/disk.ts';
import type { Blocks } from '../../../../src/supervisor/stores/disk-blocks.ts';
import { blockSize, diskSize, writeHeader } from '../../../../src/supervisor/stores/disk-sector.ts';

/** A disk in memory on which these nodes have their places. */
class MemoryBlocks implements Blocks {
  readonly bytes = Buffer.alloc(diskSize);

  constructor(nodes: readonly string[]) {
    this.give(nodes);
  }

  give(nodes: readonly string[]): void {
    writeHeader('lab', nodes).copy(this.bytes, 0);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return Buffer.from(this.bytes.subarray(offset, offset + length));
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    assert.equal(bytes.length, blockSize);
    bytes.copy(this.bytes, offset);
  }

  async stop(): Promise<void> {}
}

describe('the quorum disk as a lease store', () => {
  const nodes = ['node1', 'node2', 'node3'];
  const store = (self: string, blocks: Blocks, said: string[] = []): DiskStore =>
    new DiskStore(
      {
        device: '/dev/shared',
        cluster: 'lab',
        self,
        nodes,
        groups: ['web'],
        incarnation: '1'.padStart(32, '0'),
        lease: 3000,
        onTrouble: (why) => said.push(why),
      },
      blocks,
    );
  const record = { incarnation: '1'.padStart(32, '0'), nonce: 'a'.repeat(32), lease: 3000 };

  it('does not answer a node without a place: it could write nothing, so it must not be handed anything', async () => {
    const blocks = new MemoryBlocks(['node1', 'node2']);
    const said: string[] = [];
    const late = store('node3', blocks, said);
    await assert.rejects(late.read(['web']), /node3 has no place on it; give it one: musterd format-disk/);
    assert.equal(said.length, 1);
    const holder = store('node1', blocks);
    const hold = { group: 'web', expected: '', record: { ...record, holder: 'node1', to: undefined } };
    assert.deepEqual(
      (await holder.write([hold])).map(({ ok }) => ok),
      [true],
    );
    blocks.give(nodes);
    const [seen] = await late.read(['web']);
    assert.equal(seen!.record?.holder, 'node1');
    assert.match(said[1]!, /can be read again/);
  });

  it('leaves what was released to one node to it', async () => {
    const blocks = new MemoryBlocks(nodes);
    const [first, second] = [store('node1', blocks), store('node2', blocks)];
    const [held] = await first.write([
      { group: 'web', expected: '', record: { ...record, holder: 'node1', to: undefined } },
    ]);
    const release = { ...record, nonce: 'b'.repeat(32), holder: undefined, to: 'node3' };
    await first.write([{ group: 'web', expected: held!.version, record: release }]);
    const [seen] = await second.read(['web']);
    assert.deepEqual([seen!.record?.holder, seen!.record?.to], [undefined, 'node3']);
  });
});
