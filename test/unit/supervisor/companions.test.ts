import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Configuration, parseConfiguration } from '../../../src/linux-ha/cluster.ts';
import { Companions, type MustEnd, watchdogOf } from '../../../src/supervisor/companions.ts';
import { Journal } from '../../../src/supervisor/journal.ts';

describe('the watchdog of a node', () => {
  let folder = '';
  const lines: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-watchdog-'));
    lines.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function configuration(policy: string | undefined, device = join(folder, 'watchdog')): Configuration {
    return parseConfiguration({
      'ha.cf': `node a b c\nbcast eth0\nwatchdog ${device}\n`,
      authkeys: 'auth 1\n1 sha256 secret\n',
      'muster.yml': policy === undefined ? '' : `fencing: { watchdog: ${policy} }\n`,
    });
  }

  function companions(policy: string | undefined, mustEnd?: () => MustEnd): { own: Companions } {
    const journal = new Journal('a', { write: (line) => lines.push(line), flush: async () => {} });
    const own = new Companions({
      configuration: configuration(policy),
      self: 'a',
      journal,
      now: () => 0,
      steppedAt: () => 0,
      mustEnd,
      loadWatchdog: () => false,
    });
    return { own };
  }

  it('is what ha.cf names, or the usual one where muster.yml wants one, or none', () => {
    const { cluster } = configuration('required');
    assert.equal(watchdogOf(cluster), join(folder, 'watchdog'));
    assert.equal(watchdogOf({ watchdog: undefined, watchdogPolicy: 'automatic' }), '/dev/watchdog');
    assert.equal(watchdogOf({ watchdog: undefined, watchdogPolicy: undefined }), undefined);
    assert.equal(watchdogOf({ ...cluster, watchdogPolicy: 'off' }), undefined);
  });

  it('keeps musterd from starting where it is required and not there; otherwise that is said', async () => {
    assert.throws(
      () => companions('required').own.openWatchdog(),
      /Cannot start musterd without watchdog ".*" as muster\.yml requires one: ENOENT/,
    );
    for (const policy of [undefined, 'automatic']) {
      const { own } = companions(policy);
      own.openWatchdog();
      assert.match(lines.pop()!, /protects nothing: ENOENT/);
      await own.stop();
    }
  });

  it('is not touched where it is off', async () => {
    writeFileSync(join(folder, 'watchdog'), '');
    const { own } = companions('off');
    own.openWatchdog();
    own.look();
    await own.stop();
    assert.deepEqual([readFileSync(join(folder, 'watchdog'), 'utf8'), lines, own.starve('why')], ['', [], false]);
  });

  it('is fed until this node has to end, then never again, and not closed in peace either', async () => {
    writeFileSync(join(folder, 'watchdog'), '');
    const read = (): string => readFileSync(join(folder, 'watchdog'), 'utf8');
    const { own } = companions('required');
    own.openWatchdog();
    own.look();
    own.look();
    assert.equal(read(), '\n\n');
    assert.equal(own.starve('db cannot be stopped'), true);
    own.look();
    await own.stop();
    assert.equal(read(), '\n\n');
    assert.equal(lines.filter((line) => line.includes('is fed no more')).length, 1);
    const clean = companions('required').own;
    clean.openWatchdog();
    await clean.stop();
    assert.match(read(), /V/);
  });

  it('ends a machine that cannot stop what it has to, where nobody else can', async () => {
    writeFileSync(join(folder, 'watchdog'), '');
    const { own } = companions('required');
    own.openWatchdog();
    own.endMachine('db cannot be stopped');
    own.endMachine('again');
    for (let tries = 0; lines.every((line) => !line.includes('is fed no more')) && tries < 400; tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match(lines.join(''), /is fed no more, so this machine restarts: db cannot be stopped/);
    await own.stop();
  });

  it('lets a machine live whose reason to end is gone by then, or that is in maintenance until that is over', async () => {
    writeFileSync(join(folder, 'watchdog'), '');
    let must: MustEnd = 'no';
    let asked = 0;
    const { own } = companions('required', () => {
      asked++;
      return must;
    });
    const until = async (holds: () => boolean): Promise<void> => {
      for (let tries = 0; !holds() && tries < 4000; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(holds(), lines.join(''));
    };
    const ends = (): boolean => lines.some((line) => line.includes('is fed no more'));
    own.openWatchdog();
    own.endMachine('an operator has mended it');
    await until(() => asked === 1);
    assert.equal(ends(), false);
    must = 'later';
    own.endMachine('db cannot be stopped');
    await until(() => asked === 2);
    // In maintenance it is only asked again, until a look finds the reason gone.
    must = 'no';
    own.look();
    must = 'now';
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(ends(), false);
    must = 'later';
    own.endMachine('db cannot be stopped');
    await until(() => asked === 4);
    must = 'now';
    await until(ends);
    await own.stop();
  });
});
