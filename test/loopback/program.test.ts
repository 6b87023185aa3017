/** The built program starts from what V8 compiled at the build, and without it just as well. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';

describe('the built program', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-program-'));
    for (const name of ['muster.js', 'muster.cjs', 'muster.code', 'muster.held.code', 'package.json'])
      cpSync(join('dist', name), join(folder, name));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const version = () => spawnSync(process.execPath, [join(folder, 'muster.js'), '--version'], { encoding: 'utf8' });

  it('finds its code compiled, for this very program', () => {
    const source = readFileSync(join(folder, 'muster.cjs'), 'latin1');
    for (const name of ['muster.code', 'muster.held.code']) {
      const code = readFileSync(join(folder, name));
      assert.equal(code.toString('latin1', 0, 64), source.slice(2, 66));
      assert.equal(new Script(source, { cachedData: code.subarray(64) }).cachedDataRejected, false);
    }
  });

  it('never runs the code of another program, even of one as long', () => {
    const file = join(folder, 'muster.cjs');
    const source = readFileSync(file, 'latin1');
    const version1 = /^muster (\S+)\n$/.exec(version().stdout)![1]!;
    const other = version1.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
    writeFileSync(file, `//${'0'.repeat(64)}${source.slice(66).replaceAll(`"${version1}"`, `"${other}"`)}`);
    try {
      assert.equal(version().stdout, `muster ${other}\n`);
    } finally {
      writeFileSync(file, source);
    }
  });

  it('looks up many names at once, or as many as somebody says', () => {
    const file = join(folder, 'muster.cjs');
    const source = readFileSync(file);
    const counts = 'console.log(require("fs").readdirSync("/proc/self/task").length)';
    writeFileSync(file, `//${'0'.repeat(64)}\n(function (require) { require("fs").readFile("/", () => ${counts}) })`);
    try {
      const threads = (size: string | undefined): number => {
        const env = { ...process.env, UV_THREADPOOL_SIZE: size };
        return Number(spawnSync(process.execPath, [join(folder, 'muster.js')], { encoding: 'utf8', env }).stdout);
      };
      assert.ok(threads('4') > 4);
      assert.equal(threads(undefined) - threads('4'), 12);
    } finally {
      writeFileSync(file, source);
    }
  });

  it('starts where the code is missing or broken', () => {
    const file = join(folder, 'muster.code');
    const code = readFileSync(file);
    for (const left of [code.subarray(0, 64), code.subarray(0, 1000), Buffer.alloc(0)]) {
      writeFileSync(file, left);
      assert.match(version().stdout, /^muster \d/);
    }
    rmSync(file);
    const { stdout, stderr } = version();
    assert.match(stdout, /^muster \d/);
    assert.equal(stderr, '');
  });
});
