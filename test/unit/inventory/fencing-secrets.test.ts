import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../../../src/inventory/load.ts';

describe('a password of a fencing device in a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-secret-'));
    const fencing =
      'devices: { ipmi: { agent: fence_ipmilan, options: { password: { file: bmc } }, nodes: [a, b, c] } }';
    writeFileSync(
      join(folder, 'hosts.yml'),
      `hosts: { a: {}, b: {}, c: {} }\ncluster: { name: t, nodes: [a, b, c], links: [bcast eth0], fencing: { ${fencing} } }\n`,
    );
    writeFileSync(join(folder, 'bmc'), 'a b # c\n', { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is its text without the end of the line', async () => {
    const { cluster } = await loadInventory(join(folder, 'hosts.yml'));
    assert.equal(cluster!.fencing!.devices[0]!.options.password, 'a b # c');
  });

  it('is refused where others may read it', async () => {
    chmodSync(join(folder, 'bmc'), 0o640);
    await assert.rejects(
      loadInventory(join(folder, 'hosts.yml')),
      /as only its owner may read it: its mode is 0640\n {2}hint: chmod 600/,
    );
  });
});
