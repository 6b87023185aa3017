import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { persistOn, Refused } from '../../../../src/supervisor/stores/scsi.ts';

describe('sg_persist as it is run', () => {
  const path = process.env.PATH;
  let folder = '';
  const program = (text: string): void =>
    writeFileSync(join(folder, 'sg_persist'), `#!/bin/sh\ncd '${folder}'\n${text}\n`, { mode: 0o755 });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-sg-'));
    process.env.PATH = `${folder}:${path}`;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  it('asks again after a unit attention', async () => {
    program('[ -e asked ] && echo "$*" && exit 0; touch asked; exit 6');
    assert.equal(await persistOn('/dev/x', ['--in', '--read-keys'], 10_000), '--in --read-keys /dev/x\n');
  });

  it('tells what the disk has refused from what nobody knows the end of', async () => {
    program('echo "PR out: command failed" >&2; exit 24');
    await assert.rejects(
      persistOn('/dev/x', ['--out', '--preempt-abort'], 10_000),
      (error: Error) =>
        error instanceof Refused && error.message === 'sg_persist --preempt-abort: PR out: command failed',
    );
    program('echo "transport: gone" >&2; exit 33');
    await assert.rejects(
      persistOn('/dev/x', ['--out', '--preempt-abort'], 10_000),
      (error: Error) => !(error instanceof Refused) && /transport: gone/.test(error.message),
    );
  });

  it('kills one that does not end by a wish', async () => {
    program("trap '' TERM; touch begun; while :; do sleep 0.1; done");
    await assert.rejects(persistOn('/dev/x', ['--in', '--read-keys'], 2000), /sg_persist --read-keys: /);
    assert.equal(existsSync(join(folder, 'begun')), true);
  });
});
