import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../../../src/linux-ha/cluster.ts';
import { Companions } from '../../../../src/supervisor/companions.ts';
import { Watchdog } from '../../../../src/supervisor/drivers/watchdog.ts';
import type { Journal } from '../../../../src/supervisor/journal.ts';

describe('watchdog', () => {
  let directory: string;
  let device: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-watchdog-'));
    device = join(directory, 'watchdog');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function companions(now: () => number, steppedAt: () => number): { beside: Companions; told: string[] } {
    const told: string[] = [];
    const say = (what: string, why: string): void => void told.push(`${what}: ${why}`);
    const journal = { say, warn: say } as unknown as Journal;
    const timings = { keepalive: 100 };
    const configuration = { cluster: { watchdog: device, timings }, running: {} } as unknown as Configuration;
    return { beside: new Companions({ self: 'a', configuration, journal, now, steppedAt }), told };
  }

  it('is fed, and closed with the letter that says that this is meant', () => {
    writeFileSync(device, '');
    const watchdog = new Watchdog(device);
    watchdog.open();
    assert.deepEqual(watchdog.status(), { device, armed: true, why: '' });
    watchdog.feed();
    watchdog.feed();
    assert.equal(readFileSync(device, 'utf8'), '\n\n');
    watchdog.close();
    assert.equal(readFileSync(device, 'utf8'), '\n\nV');
    assert.deepEqual(watchdog.status(), { device, armed: false, why: 'musterd has ended' });
  });

  it('that is not there is never made, and said to protect nothing', async () => {
    const { beside, told } = companions(
      () => 0,
      () => 0,
    );
    beside.openWatchdog();
    beside.look();
    assert.deepEqual(beside.layers(), []);
    assert.match(told[0]!, /^watchdog: .*watchdog protects nothing: ENOENT/);
    await beside.stop();
    assert.throws(() => readFileSync(device), /ENOENT/);
  });

  it('is fed only while the loop takes steps', async () => {
    writeFileSync(device, '');
    let now = 0;
    let steppedAt = 0;
    const { beside, told } = companions(
      () => now,
      () => steppedAt,
    );
    beside.openWatchdog();
    assert.deepEqual(beside.layers(), ['watchdog']);
    const fed = (): number => readFileSync(device, 'utf8').length;
    for (; now <= 3000; now += 1000) beside.look();
    assert.equal(fed(), 4);
    for (; now <= 6000; now += 1000) beside.look();
    assert.equal(fed(), 4);
    assert.equal(told.filter((line) => line.includes('is not fed: the loop took no step lately')).length, 1);
    steppedAt = now;
    beside.look();
    assert.equal(fed(), 5);
    await beside.stop();
    assert.ok(readFileSync(device, 'utf8').endsWith('V'));
  });
});
