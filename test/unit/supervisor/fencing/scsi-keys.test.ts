import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FenceDevice } from '../../../../src/model/fencing.ts';
import { ScsiKeys } from '../../../../src/supervisor/fencing/scsi-keys.ts';
import { Refused } from '../../../../src/supervisor/stores/scsi.ts';

/** A disk with persistent reservation, as far as sg_persist(8) is asked for here. */
class Disk {
  readonly keys = new Set<string>();
  reserved: string | undefined;
  broken = false;
  /** What is asked for is done, but never answered. */
  silentTo: string | undefined;

  async persist(args: readonly string[]): Promise<string> {
    const answer = this.answer(args);
    return this.silentTo !== undefined && args.includes(this.silentTo) ? new Promise(() => {}) : answer;
  }

  answer(args: readonly string[]): string {
    if (this.broken) throw new Error('sg_persist: no such device');
    const option = (name: string): string => args.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1] ?? '';
    if (args.includes('--read-keys')) return [...this.keys].join('\n');
    if (args.includes('--read-reservation'))
      return this.reserved === undefined
        ? 'there is NO reservation held'
        : 'scope: LU_SCOPE,  type: Write Exclusive, registrants only';
    if (args.includes('--register-ignore')) this.keys.add(option('param-sark'));
    else if (!this.keys.has(option('param-rk'))) throw new Refused('Reservation conflict');
    else if (args.includes('--reserve')) this.reserved ??= option('param-rk');
    else if (args.includes('--preempt-abort')) {
      this.keys.delete(option('param-sark'));
      if (this.reserved === option('param-sark')) this.reserved = option('param-rk');
    }
    return '';
  }
}

describe('fencing at a disk that all share', () => {
  const device: FenceDevice = {
    name: 'disk',
    agent: 'scsi',
    options: { device: '/dev/shared' },
    nodes: { n1: {}, n2: {} },
    action: 'off',
    timeout: 10_000,
  };
  let folder = '';
  let disk: Disk;
  /** `boot`: /run of this boot. */
  const node = (self: string, boot: string, timeout = device.timeout): ScsiKeys =>
    new ScsiKeys(
      { ...device, timeout },
      {
        cluster: 't',
        nodes: ['n1', 'n2', 'n3'],
        self,
        runDir: join(folder, self, boot),
        persist: (args) => disk.persist(args),
      },
    );
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-scsi-'));
    disk = new Disk();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("takes the node's key away, and is confirmed by the disk", async () => {
    assert.equal((await node('n1', 'a').register()).ok, true);
    assert.equal((await node('n2', 'a').register()).ok, true);
    assert.equal(disk.keys.size, 2);
    assert.deepEqual(await node('n2', 'a').fence('n1'), { ok: true, text: 'refuses what n1 writes' });
    assert.equal(disk.keys.size, 1);
    assert.deepEqual(await node('n2', 'a').fence('n1'), { ok: true, text: 'refuses what n1 writes' });
  });

  it('gives a fenced node no key before it has booted again, however often its musterd starts', async () => {
    await node('n1', 'a').register();
    await node('n2', 'a').register();
    await node('n2', 'a').fence('n1');
    const refused = { ok: false, text: 'refuses what n1 writes: it was fenced since it booted, and has to boot again' };
    assert.deepEqual(await node('n1', 'a').register(), refused);
    assert.deepEqual(await node('n1', 'a').register(), refused);
    assert.equal((await node('n1', 'a').test()).ok, false);
    assert.equal((await node('n1', 'b').register()).ok, true);
    assert.equal((await node('n1', 'b').test()).ok, true);
  });

  it('lets nobody fence who was fenced itself: of two that shoot at once only the first hits', async () => {
    await node('n1', 'a').register();
    await node('n2', 'a').register();
    await node('n2', 'a').fence('n1');
    assert.deepEqual(await node('n1', 'a').fence('n2'), {
      ok: false,
      text: 'has no key of n1, which therefore may take no other away',
    });
  });

  it('is not confirmed where nobody has reserved the disk, or it does not answer', async () => {
    await node('n2', 'a').register();
    disk.answer = (args) =>
      args.includes('--reserve') || args.includes('--read-reservation') ? '' : [...disk.keys].join('\n');
    assert.equal((await node('n2', 'a').fence('n1')).ok, false);
    disk = new Disk();
    disk.broken = true;
    assert.match((await node('n2', 'a').fence('n1')).text, /could not take the key of n1 away: .*no such device/);
    assert.match((await node('n2', 'c').register()).text, /does not answer/);
  });

  it('ends by its own clock where the disk takes the key away and never says so, and is not confirmed later either', async () => {
    await node('n1', 'a').register();
    const two = node('n2', 'a', 2000);
    await two.register();
    disk.silentTo = '--preempt-abort';
    assert.deepEqual(await two.fence('n1'), {
      ok: false,
      text: 'could not take the key of n1 away: no answer in 1.5 s',
    });
    disk.silentTo = undefined;
    assert.equal(disk.keys.size, 1);
    assert.deepEqual(await two.fence('n1'), {
      ok: false,
      text: 'has no key of n1 any more, and never said that what it had sent is stopped',
    });
    assert.deepEqual(
      await node('n2', 'a').fence('n1'),
      { ok: false, text: 'has no key of n1 any more, and never said that what it had sent is stopped' },
      'nor does the next musterd forget it',
    );
    // It has booted: what it had sent in its former life has arrived or is lost.
    assert.equal((await node('n1', 'b').register()).ok, true);
    assert.deepEqual(await two.fence('n1'), { ok: true, text: 'refuses what n1 writes' });
    assert.deepEqual(await two.fence('n1'), { ok: true, text: 'refuses what n1 writes' });
    assert.deepEqual(await node('n2', 'a').fence('n1'), { ok: true, text: 'refuses what n1 writes' });
  });

  it('is confirmed at the next try where another node was faster', async () => {
    await node('n1', 'a').register();
    const two = node('n2', 'a');
    await two.register();
    const answer = disk.answer.bind(disk);
    disk.answer = (args) => {
      if (args.includes('--preempt-abort')) disk.keys.delete([...disk.keys][0]!);
      if (args.includes('--preempt-abort')) throw new Refused('Reservation conflict');
      return answer(args);
    };
    assert.equal((await two.fence('n1')).ok, false);
    assert.deepEqual(await two.fence('n1'), { ok: true, text: 'refuses what n1 writes' });
  });

  it('ends at once when musterd ends', async () => {
    const two = node('n2', 'a', 600_000);
    await two.register();
    disk.silentTo = '--read-keys';
    const ends = new AbortController();
    const fenced = two.fence('n1', ends.signal);
    ends.abort();
    assert.deepEqual(await fenced, { ok: false, text: 'could not take the key of n1 away: musterd ends' });
    assert.deepEqual(await two.test(ends.signal), { ok: false, text: 'does not answer: musterd ends' });
  });
});
