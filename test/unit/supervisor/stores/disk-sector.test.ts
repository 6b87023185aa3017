import assert from 'node:assert/strict';
import fc from 'fast-check';
import { diskGroups, diskNodes } from '../../../../src/model/lease-store.ts';
import {
  blockSize,
  digest,
  type Entry,
  isBlank,
  readHeader,
  readNode,
  writeHeader,
  writeNode,
} from '../../../../src/supervisor/stores/disk-sector.ts';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((found) => Buffer.from(found).toString('hex'));
const count = fc.integer({ min: 0, max: 0xffff_ffff });
const entry: fc.Arbitrary<Entry> = fc.record(
  {
    group: hex(8),
    promised: count,
    round: count,
    counter: count,
    lease: count,
    released: fc.boolean(),
    to: fc.integer({ min: 0, max: diskNodes }),
    formerLife: fc.boolean(),
    nonce: hex(12),
  },
  { noNullPrototype: true },
);

describe('the sectors of a quorum disk', () => {
  it('read back as they were written, all in the first 512 bytes', () => {
    fc.assert(
      fc.property(hex(16), fc.array(entry, { maxLength: diskGroups }), (incarnation, entries) => {
        const block = writeNode('lab', { incarnation, entries });
        assert.equal(block.length, blockSize);
        assert.ok(isBlank(block.subarray(512)));
        assert.deepEqual(readNode(block, 'lab'), { incarnation, entries });
      }),
    );
  });

  it('are broken where one bit is another', () => {
    const block = writeNode('lab', { incarnation: 'ab'.repeat(16), entries: [] });
    for (let bit = 0; bit < 512 * 8; bit += 7) {
      const other = Buffer.from(block);
      other[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(readNode(other, 'lab'), undefined, `bit ${bit}`);
    }
  });

  it('say nothing where nobody wrote, or another cluster did', () => {
    assert.deepEqual(readNode(Buffer.alloc(blockSize), 'lab'), { incarnation: '', entries: [] });
    const other = writeNode('other', { incarnation: 'ab'.repeat(16), entries: [] });
    assert.deepEqual(readNode(other, 'lab'), { incarnation: '', entries: [] });
    assert.equal(readHeader(Buffer.alloc(blockSize), 'lab'), undefined);
    assert.equal(readHeader(writeHeader('other', ['node1']), 'lab'), '');
  });

  it('keep the places of nodes when others come, and have room for so many', () => {
    const before = readHeader(writeHeader('lab', ['node2', 'node1']), 'lab') as string[];
    assert.deepEqual(before.slice(0, 3), [digest('node2', 8), digest('node1', 8), '']);
    const after = readHeader(writeHeader('lab', ['node1', 'node3'], before), 'lab') as string[];
    assert.deepEqual(after.slice(0, 3), [digest('node2', 8), digest('node1', 8), digest('node3', 8)]);
    const many = Array.from({ length: diskNodes }, (_, index) => `n${index}`);
    assert.throws(() => writeHeader('lab', many, before), /has room for 24 nodes/);
  });
});
