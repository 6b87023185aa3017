import assert from 'node:assert/strict';
import { keyOf, ScsiReservation } from '../../../../src/supervisor/stores/scsi.ts';

describe('persistent reservation of a quorum disk', () => {
  const [one, two] = [keyOf('lab', 1), keyOf('lab', 2)];
  let asked: string[];
  let now: number;
  let keys: string;
  const reservation = (): ScsiReservation =>
    new ScsiReservation({
      device: '/dev/sdz',
      cluster: 'lab',
      lease: 1000,
      now: () => now,
      persist: async (args) => {
        asked.push(args.filter((arg) => arg !== '--out').join(' '));
        return keys;
      },
    });
  beforeEach(() => {
    asked = [];
    now = 0;
    keys = '';
  });

  it('registers before the first write, and not again', async () => {
    const node = reservation();
    await node.hold(1);
    await node.hold(1);
    assert.deepEqual(asked, [`--register-ignore --param-sark=${one}`, `--reserve --param-rk=${one} --prout-type=5`]);
  });

  it('pre-empts those that lose a group, where they are registered', async () => {
    const node = reservation();
    keys = `  PR generation=0x2, 1 registered reservation key follows:\n    ${two}\n`;
    await node.take(1, [2, 3]);
    assert.deepEqual(
      asked.filter((line) => line.startsWith('--preempt')),
      [`--preempt --param-rk=${one} --param-sark=${two} --prout-type=5`],
    );
  });

  it('once locked out, registers again only when a lease is over since the last write', async () => {
    const node = reservation();
    await node.hold(1);
    now = 400;
    await node.hold(1);
    await node.failed(Object.assign(new Error('locked out'), { code: 'EBADE' }));
    now = 1399;
    await assert.rejects(node.hold(1), /its last lease is not over/);
    now = 1400;
    asked = [];
    await node.hold(1);
    assert.equal(asked[0], `--register-ignore --param-sark=${one}`);
  });

  it('stays registered where something else failed', async () => {
    const node = reservation();
    await node.hold(1);
    await node.failed(new Error('the sector in place 2 is broken'));
    asked = [];
    await node.hold(1);
    assert.deepEqual(asked, []);
  });
});
