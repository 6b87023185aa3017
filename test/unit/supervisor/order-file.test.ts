import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Order } from '../../../src/core/orders.ts';
import { OrderFile } from '../../../src/supervisor/order-file.ts';

const order: Order = { kind: 'pin', about: 'web', value: 'node2', version: 1, by: 'node1' };

describe('supervisor: the orders on the disk', () => {
  let directory: string;
  const troubles: string[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-orders-'));
    troubles.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const open = (at?: number): OrderFile => new OrderFile(directory, (why) => troubles.push(why), at);

  it('are none where there is no file', () => {
    assert.deepEqual(open().found, []);
    assert.equal(open().damage, undefined);
  });

  it('are those that were written last, less the time that has gone by', async () => {
    const file = open();
    for (let version = 1; version <= 20; version++) file.write([{ ...order, version, remaining: 60_000 }]);
    await file.flush();
    const [found] = open(Date.now() + 20_000).found;
    assert.equal(found?.version, 20);
    assert.ok(found.remaining! <= 40_000 && found.remaining! > 30_000, `${found.remaining}`);
    assert.equal(open(Date.now() + 3_600_000).found[0]?.remaining, 0);
    // A clock that was set back gives nobody more time than there was.
    assert.ok(open(Date.now() - 3_600_000).found[0]!.remaining! <= 60_000);
    assert.deepEqual(troubles, []);
  });

  it('are none, and that is said, where the file is damaged', () => {
    writeFileSync(join(directory, 'orders'), '{"written": 1, "ord');
    assert.deepEqual(open().found, []);
    assert.match(open().damage ?? '', /damaged/);
  });

  it('are told of where the disk does not take them', async () => {
    const file = new OrderFile(join(directory, 'orders', 'below'), (why) => troubles.push(why));
    writeFileSync(join(directory, 'orders'), '');
    file.write([order]);
    await file.flush();
    assert.equal(troubles.length, 1);
  });
});
