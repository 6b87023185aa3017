import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VoterRecord } from '../../../src/core/epoch-state.ts';
import { VoterRecordFile } from '../../../src/supervisor/voter-record.ts';

const recordOf = (epoch: number): VoterRecord => ({
  epoch,
  voters: ['node1', 'node2', 'node3'],
  promised: { round: epoch + 7, node: 'node2', incarnation: '0'.repeat(32) },
  accepted: undefined,
});

describe('supervisor: the record of the voters', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-voters-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const found = (): VoterRecord | undefined => new VoterRecordFile(directory).found;

  it('is what was written last, in order, and nothing where nothing ever was', async () => {
    assert.equal(found(), undefined);
    const file = new VoterRecordFile(directory);
    const written = await Promise.all([1, 2, 3].map((epoch) => file.write(recordOf(epoch))));
    assert.deepEqual(written, [true, true, true]);
    assert.deepEqual({ accepted: undefined, ...found() }, recordOf(3));
    assert.ok(await new VoterRecordFile(directory).write(recordOf(4)));
    assert.equal(found()?.epoch, 4);
  });

  it('keeps its size, so that a full disk does not matter, and survives a write that was cut short anywhere', async () => {
    const file = new VoterRecordFile(directory);
    await file.write(recordOf(1));
    const path = join(directory, 'voters');
    const first = readFileSync(path);
    await file.write(recordOf(2));
    const second = readFileSync(path);
    await file.write(recordOf(3));
    const third = readFileSync(path);
    assert.equal(second.length, third.length);
    for (let cut = 0; cut < second.length; cut += 97) {
      writeFileSync(path, Buffer.concat([third.subarray(0, cut), second.subarray(cut)]));
      const epoch = found()?.epoch;
      assert.ok(epoch === 2 || epoch === 3, `cut at ${cut}: epoch ${epoch}`);
    }
    writeFileSync(path, first.subarray(0, 8300));
    assert.equal(found(), undefined, 'nobody was told of the first one before it was whole');
  });

  it('refuses to guess where both copies are damaged', async () => {
    const file = new VoterRecordFile(directory);
    await file.write(recordOf(1));
    await file.write(recordOf(2));
    const path = join(directory, 'voters');
    const bytes = readFileSync(path);
    bytes[100]! ^= 1;
    bytes[8192 + 100]! ^= 1;
    writeFileSync(path, bytes);
    assert.throws(found, /both of its copies are damaged/);
  });

  it('says so where it cannot be written', async () => {
    writeFileSync(join(directory, 'file'), '');
    const file = new VoterRecordFile(join(directory, 'file', 'below'));
    assert.equal(await file.write(recordOf(1)), false);
  });
});
