import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArbiterConfiguration } from '../../../../src/supervisor/arbiter/config.ts';

describe("an arbiter's files", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-quorumd-'));
    mkdirSync(join(directory, 'quorumd.d'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);

  it('are quorumd.conf, and one for each cluster in quorumd.d', async () => {
    write('quorumd.conf', 'cluster old\n');
    write('quorumd.d/b.conf', 'cluster b\n');
    write('quorumd.d/a.conf', 'cluster a\n');
    write('quorumd.d/.hidden.conf', 'cluster hidden\n');
    write('quorumd.d/a.conf.before-muster', 'cluster before\n');
    const { clusters, hash } = await readArbiterConfiguration(directory);
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ['old', 'a', 'b'],
    );
    write('quorumd.d/a.conf', 'cluster a\nnode x\n');
    assert.notEqual((await readArbiterConfiguration(directory)).hash, hash);
  });

  it('must be there, right, and name each cluster once', async () => {
    await assert.rejects(
      readArbiterConfiguration(directory),
      /Cannot arbitrate as quorumd\.conf must name the clusters/,
    );
    write('quorumd.conf', 'cluster a\nnodes x\n');
    write('quorumd.d/a.conf', 'cluster b\ncluster b\n');
    await assert.rejects(
      readArbiterConfiguration(directory),
      /quorumd\.conf:2:1 .*\n.*\n?.*a\.conf:2:9 Cannot add cluster "b"/,
    );
    write('quorumd.conf', 'cluster a\n');
    write('quorumd.d/a.conf', 'cluster a\n');
    await assert.rejects(
      readArbiterConfiguration(directory),
      /a\.conf:1:1 Cannot add cluster "a" as each is there once/,
    );
  });
});
