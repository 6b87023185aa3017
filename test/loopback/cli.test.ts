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

  it('refuses orders of operators that cannot be meant, whether or not the cluster is there', async () => {
    const wrong: readonly (readonly [words: string, error: RegExp])[] = [
      [
        'standby node9',
        /Cannot set node9 standby as "node9" must be a node of cluster "lab": it has node1, node2, node3/,
      ],
      ['standby', /missing required argument 'node'/],
      ['online nod1', /must be a node of cluster "lab".*\n {2}hint: did you mean node1\?/],
      ['standby node1 node2', /too many arguments/],
      ['standby node1 --wait soon', /It must be a time like 30s, 10m or 1h/],
      ['move wev node1', /Cannot move wev to node1 as "wev" must be a resource group.*\n {2}hint: did you mean web\?/],
      ['move web node9', /"node9" must be a node of cluster "lab"/],
      ['move web', /missing required argument 'node'/],
      ['move web node2 --for ever', /It must be a time like 30s, 10m or 1h/],
      ['clear wbe', /Cannot clear wbe as "wbe" must be a resource group of cluster "lab": it has web/],
      ['maintenance maybe', /Allowed choices are on, off/],
      ['maintenance on node9', /Cannot set maintenance of node9 on as "node9" must be a node/],
      ['failcounts wbe', /Cannot count failures as "wbe" must be a resource group/],
      ['failcounts wbe --clear', /Cannot forget the failures of wbe as "wbe" must be a resource group/],
      ['history --group wbe', /Cannot tell the history as "wbe" must be a resource group/],
      ['history --since yesterday', /It must be a time like 30s, 10m or 1h/],
      ['fence', /Cannot fence as a node must be named: none is/],
      ['fence node9', /Cannot fence "node9" as it must be in cluster "lab"/],
      ['alerts node1', /too many arguments/],
      ['monitors node1', /too many arguments/],
    ];
    const errors = new Map(wrong);
    const all = wrong.map(([words]) => [...words.split(' '), '-i', 'inventory/lab.yml']);
    await musterEach(all, ({ code, err, out }, args) => {
      const words = args.slice(0, -2).join(' ');
      assert.equal(code, 64, `${words}: ${err}`);
      assert.match(err, errors.get(words)!, words);
      assert.equal(out, '', words);
    });
  });

  it('refuses them where there is no cluster, or where its lab is not up', async () => {
    const orders = [
      'standby node1',
      'online node1',
      'move web node1',
      'clear',
      'maintenance on',
      'failcounts',
      'alerts',
    ];
    const words = [...orders, 'monitors', 'history', 'fence node1'].map((order) => order.split(' '));
    const hosts = join(folder, 'hosts.yml');
    writeFileSync(hosts, 'hosts:\n  node1:\n    address: 10.0.0.1\n');
    await musterEach(
      words.map((order) => [...order, '-i', hosts]),
      ({ code, err }, args) => {
        assert.equal(code, 65, `${args.join(' ')}: ${err}`);
        assert.match(err, /hosts\.yml" as it must describe a cluster: it has only hosts\n {2}hint: add a section/);
      },
    );
    // Whoever is not root cannot even see whether it is up.
    const isRoot = process.getuid?.() === 0;
    await musterEach(
      words.map((order) => [...order, '-i', 'inventory/lab.yml', '--lab', 'none-of-this-name']),
      ({ code, err }, args) => {
        assert.equal(code, isRoot ? 4 : 64, `${args.join(' ')}: ${err}`);
        const seen = isRoot ? /must be up: it is not\n {2}hint: muster lab up --lab none-of-this-name/ : /must be root/;
        assert.match(err, seen);
      },
    );
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
