import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink } from '../../../../src/cli/fan-out/file-sink.ts';

describe('what is written to a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-sink-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is all of it in order, lent or given, in pieces of any size, whatever becomes of a lent piece afterwards', async () => {
    const path = join(folder, 'file');
    const sink = new FileSink(() => open(path, 'w'));
    const expected: Buffer[] = [];
    const lent = Buffer.alloc(200_000);
    const sizes = [1, 100, 20_000, 70_000, 3, 200_000, 17_000, 15_000, 5, 0];
    for (let turn = 0; turn < 60; turn++) {
      const piece = lent.subarray(0, sizes[turn % sizes.length]!).fill(turn + 1);
      expected.push(Buffer.from(piece));
      // The file is open from some turn on; then most of it is written at once.
      if (turn % 7 === 3) await sink.write(Buffer.from(piece));
      else await sink.writeLent(piece);
      lent.fill(0);
      if (turn % 5 === 4) await new Promise((resolve) => setImmediate(resolve));
    }
    await sink.close();
    assert.ok(readFileSync(path).equals(Buffer.concat(expected)));
  });

  it('fails at its end where the file cannot be opened, or is full', async () => {
    const none = new FileSink(() => open(join(folder, 'none', 'file'), 'w'));
    none.writeLent(Buffer.from('x'));
    await assert.rejects(none.close(), /ENOENT/);
    const full = new FileSink(() => open('/dev/full', 'w'));
    for (let turn = 0; turn < 3; turn++) {
      full.writeLent(Buffer.alloc(20_000));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await assert.rejects(full.close(), /ENOSPC/);
  });
});
