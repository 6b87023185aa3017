import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnerRecords } from '../../../src/core/fencing/owner-record.ts';
import { OwnerRecordFile } from '../../../src/supervisor/owner-record.ts';

const incarnation = '0'.repeat(32);

function records(round: number, groups = 1): OwnerRecords {
  const owners = Array.from({ length: groups }, (_, index) => ({
    group: `a-group-with-a-long-name-${index}`,
    ballot: { round, node: 'node1', incarnation },
    over: false,
    epoch: 0,
  }));
  return { promisedUpTo: 1000, owners };
}

describe('supervisor: the record of owners', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-owners-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is what was written last, and keeps its size with as many groups as there may be', async () => {
    const file = new OwnerRecordFile(directory);
    assert.equal(file.found, undefined);
    assert.ok(await file.write(records(1)));
    const size = statSync(join(directory, 'owners')).size;
    assert.ok(await file.write(records(2, 255)));
    assert.ok(await file.write(records(3, 255)));
    assert.equal(statSync(join(directory, 'owners')).size, size);
    assert.deepEqual(new OwnerRecordFile(directory).found, records(3, 255));
  });

  it('is not guessed where both copies are damaged', async () => {
    const file = new OwnerRecordFile(directory);
    await file.write(records(1));
    await file.write(records(2));
    const path = join(directory, 'owners');
    const bytes = readFileSync(path);
    bytes[100]! ^= 1;
    bytes[bytes.length / 2 + 100]! ^= 1;
    writeFileSync(path, bytes);
    assert.throws(() => new OwnerRecordFile(directory), /both of its copies are damaged/);
  });
});
