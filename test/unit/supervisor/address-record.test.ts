import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddressRecord, leftovers } from '../../../src/supervisor/drivers/address-record.ts';

const web = { address: '10.77.0.100', prefix: 24, device: 'eth0' };
const six = { address: 'fd00:77::100', prefix: 64, device: 'eth0' };

describe('record of placed addresses', () => {
  it('is read back as it was written, and a line that it did not write says nothing', () => {
    const directory = mkdtempSync(join(tmpdir(), 'muster-addresses-'));
    try {
      const record = new AddressRecord(join(directory, 'run'));
      assert.deepEqual(record.read(), []);
      record.write([web, six]);
      assert.deepEqual(record.read(), [web, six]);
      writeFileSync(join(directory, 'run/addresses'), 'nonsense\n10.77.0.100/24 eth0\n');
      assert.deepEqual(record.read(), [web]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('tells what leaves a device, and what leaves lo too', () => {
    assert.deepEqual(leftovers([web, six], [web]), { devices: [six], loopback: [six] });
    assert.deepEqual(leftovers([web], [web, six]), { devices: [], loopback: [] });
    const moved = { ...web, device: 'eth1' };
    assert.deepEqual(leftovers([web], [moved]), { devices: [web], loopback: [] }, 'still an address of this cluster');
  });
});
