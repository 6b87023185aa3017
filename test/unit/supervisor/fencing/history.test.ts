import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FencingHistory } from '../../../../src/supervisor/fencing/history.ts';
import { type FencingRecord, showFencing } from '../../../../src/wire/fencing.ts';

const record = (time: number, more: Partial<FencingRecord> = {}): FencingRecord => ({
  time,
  node: 'n1',
  by: 'n2',
  kind: 'device',
  ok: true,
  why: 'db waits for it',
  text: 'ipmi (fence_ipmilan) says that n1 is off',
  tookMs: 1200,
  ...more,
});

describe('the history of fencing', () => {
  let folder = '';
  const troubles: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-fencing-'));
    troubles.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = (): FencingHistory => new FencingHistory(folder, (why) => troubles.push(why));

  it('outlives musterd, and a line that a crash has cut short', () => {
    const history = open();
    history.add(record(1));
    history.add(record(2, { ok: false }));
    appendFileSync(join(folder, 'fencing-history'), '{"time":3,"no');
    assert.deepEqual(open().records, [record(1), record(2, { ok: false })]);
  });

  it('is bounded, in memory and on the disk', () => {
    const history = open();
    for (let time = 0; time < 1000; time++) history.add(record(time));
    assert.deepEqual([history.records.length, history.records.at(-1)!.time], [200, 999]);
    assert.ok(readFileSync(join(folder, 'fencing-history'), 'utf8').split('\n').length <= 401);
    assert.deepEqual(open().records, history.records);
  });

  it('is kept in memory where the disk takes nothing', () => {
    writeFileSync(join(folder, 'file'), '');
    const history = new FencingHistory(join(folder, 'file'), (why) => troubles.push(why));
    history.add(record(1));
    assert.equal(history.records.length, 1);
    assert.match(troubles.join(), /the history of fencing is not kept/);
  });

  it('is shown as what was done, what failed, and what somebody said', () => {
    assert.equal(
      showFencing(record(0)),
      '1970-01-01T00:00:00.000Z n1 fenced by n2 in 1.2 s: ipmi (fence_ipmilan) says that n1 is off (db waits for it)',
    );
    assert.match(showFencing(record(0, { ok: false })), /n1 NOT fenced by n2: /);
    assert.match(
      showFencing(record(0, { kind: 'operator', why: 'an operator has made sure' })),
      /n1 was said to be off, through n2: an operator/,
    );
  });
});
