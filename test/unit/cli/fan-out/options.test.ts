import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Problem } from '../../../../src/base/problem.ts';
import { type RollingOptions, withRollingOptions } from '../../../../src/cli/fan-out/options.ts';
import { rolling } from '../../../../src/cli/fan-out/reach.ts';
import { Screen } from '../../../../src/cli/fan-out/screen.ts';
import { type ViewOptions, viewsFor } from '../../../../src/cli/fan-out/views.ts';
import { makeFolder, makeFolderSync } from '../../../../src/files/make-folder.ts';

describe('options of a run on many hosts', () => {
  const parsed = (...words: string[]) => {
    const command = withRollingOptions(new Command('run'))
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    return rolling(command.parse(words, { from: 'user' }).opts<RollingOptions>(), 10);
  };

  it('count hosts, or take a share of them; a batch has one at least', () => {
    assert.deepEqual(parsed('--serial', '3', '--max-fail', '25%'), { serial: 3, maxFail: 2 });
    assert.deepEqual(parsed('--serial', '1%', '--fail-fast'), { serial: 1, maxFail: 0 });
    assert.deepEqual(parsed('--max-fail', '0'), { serial: undefined, maxFail: 0 });
    for (const bad of ['0', '0%', '101%', '-1', 'some', '']) {
      assert.throws(() => parsed('--serial', bad), /is invalid/, bad);
    }
    assert.throws(() => parsed('--max-fail', '101%'), /is invalid/);
  });

  it('show what hosts say in one way, beside the files of --log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-views-'));
    try {
      const shown = async (options: ViewOptions) => (await viewsFor(options, new Screen([]), [])).length;
      assert.equal(await shown({}), 1);
      assert.equal(await shown({ fold: true, diff: true, exact: true }), 1);
      assert.equal(await shown({ log: join(folder, 'a', 'b') }), 1);
      assert.equal(await shown({ log: folder, json: true }), 2);
      for (const both of [
        { json: true, table: true },
        { stream: true, fold: true },
        { diff: true, json: true },
      ]) {
        await assert.rejects(viewsFor(both, new Screen([]), []), (error: Problem) => error.reason === 'usage');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('make folders, or say why they cannot be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-folders-'));
    try {
      const deep = join(folder, 'a', 'b');
      await Promise.all([1, 2, 3].map(() => makeFolder(deep)));
      await makeFolder(deep);
      assert.ok(existsSync(deep));
      writeFileSync(join(folder, 'file'), '');
      mkdirSync(join(folder, 'here'));
      await assert.rejects(makeFolder(join(folder, 'file')), /EEXIST/);
      await assert.rejects(makeFolder(join(folder, 'file', 'below')), /EEXIST|ENOTDIR/);
      await assert.rejects(makeFolder('/proc/none/below'), /ENOENT/);
      assert.throws(() => makeFolderSync('/proc/none/below'), /ENOENT/);
      makeFolderSync(join(deep, 'c', 'd'), 0o700);
      makeFolderSync(join(deep, 'c', 'd'), 0o700);
      assert.ok(existsSync(join(deep, 'c', 'd')));
      assert.throws(() => makeFolderSync(join(folder, 'file', 'below')), /EEXIST|ENOTDIR/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
