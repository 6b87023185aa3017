/** The command line as scripts meet it: exit codes and messages of wrong input, on the built program. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function muster(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/muster.js', ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

/** As `muster`, so many at a time as there are processors: for runs by the dozen. */
async function musterEach(all: readonly (readonly string[])[], check: (ran: Ran, args: readonly string[]) => void) {
  const due = [...all];
  const one = async (): Promise<void> => {
    for (let args = due.shift(); args !== undefined; args = due.shift()) {
      const words = args;
      const ran = await new Promise<Ran>((resolve) => {
        const child = execFile(process.execPath, ['dist/muster.js', ...words], (_error, out, err) =>
          resolve({ code: child.exitCode, out, err }),
        );
      });
      check(ran, words);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, one));
}

describe('the command line', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-cli-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('prints its version and its help', () => {
    assert.match(muster('--version').out, /^muster \d+\.\d+\.\d+\n$/);
    const help = muster('--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /Examples:/);
    assert.equal(muster().code, 64);
  });

  it('has help with examples on every command', async () => {
    const commands = names();
    assert.ok(commands.length >= 10);
    const all = commands.map((name) => [name, '--help']);
    await musterEach(all, (help, [name]) => {
      assert.equal(help.code, 0, name);
      assert.match(help.out, /Examples:/, name);
    });
  });

  it('names the nearest command and the nearest option', () => {
    const command = muster('provison');
    assert.equal(command.code, 64);
    assert.match(command.err, /did you mean "muster provision"\?/);
    const option = muster('inventory', 'check', '-i', 'inventory/lab.yml', '--jsom');
    assert.equal(option.code, 64);
    assert.match(option.err, /--json/);
  });

  it('completes commands, verbs and options', () => {
    assert.ok(muster('__complete', 'la').out.split('\n').includes('lab'));
    assert.ok(muster('__complete', 'lab', '').out.split('\n').includes('partition'));
    assert.ok(muster('__complete', 'drill', '--').out.split('\n').includes('--json'));
    assert.match(muster('completion', 'bash').out, /complete .*muster/);
  });

  it('refuses an inventory that is not there', () => {
    for (const command of [['inventory', 'check'], ['provision'], ['status'], ['drill']]) {
      const { code, err } = muster(...command, '-i', join(folder, 'none.yml'));
      assert.equal(code, 65, command.join(' '));
      assert.match(err, /Cannot read .*none\.yml/);
    }
  });

  it('accepts the shipped inventories', () => {
    for (const file of ['inventory/lab.yml', 'inventory/example.yml'])
      assert.equal(muster('inventory', 'check', '-i', file).code, 0, file);
  });

  it('refuses every bad inventory with file, line and column', async () => {
    const files = readdirSync('test/data/inventory');
    assert.ok(files.length >= 10);
    const all = files.map((name) => ['inventory', 'check', '-i', `test/data/inventory/${name}`]);
    await musterEach(all, ({ code, err }, args) => {
      const file = args.at(-1)!;
      assert.equal(code, 65, file);
      assert.match(err, new RegExp(`^${file.replace(/\W/g, '\\$&')}:\\d+:\\d+ `, 'm'), file);
    });
  });

  it('names the nearest known key', () => {
    const file = join(folder, 'typo.yml');
    writeFileSync(file, 'hosts:\n  node1:\n    adress: 10.0.0.1\n');
    const { code, err } = muster('inventory', 'check', '-i', file);
    assert.equal(code, 65);
    assert.match(err, /typo\.yml:3:5 .*adress/);
    assert.match(err, /address/);
  });

  it('ends quietly when its reader leaves', () => {
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', `set -o pipefail; ${process.execPath} dist/muster.js inventory schema | head -1`],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0);
    assert.equal(stderr, '');
  });
});

/** The commands that the top-level help lists. */
function names(): string[] {
  return [...muster('--help').out.matchAll(/^ {2}([a-z-]+) {2}/gm)].map((match) => match[1]!);
}
