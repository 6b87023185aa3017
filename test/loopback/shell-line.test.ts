/** `muster shell --line` as people type it: the built program against a real sshd, through a pipe. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSshd, type TestSshd } from './sshd.ts';

describe('muster shell --line', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let folder: string;
  let environment: Record<string, string>;
  const usual = ['--host-key-checking', 'off'];
  before(async () => {
    sshd = await startSshd();
    folder = mkdtempSync(join(tmpdir(), 'muster-shell-'));
    const inventory = join(folder, 'inventory.yml');
    writeFileSync(
      inventory,
      [
        `defaults: { user: ${process.env.USER ?? 'root'}, identity_file: ${sshd.dir}/id, port: ${sshd.port} }`,
        'hosts:',
        '  node[1-4]: { address: 127.0.0.1 }',
        'groups: { web: "node[1-2]", prod: { hosts: node4, protected: true } }',
      ].join('\n'),
    );
    environment = { MUSTER_INVENTORY: inventory, XDG_STATE_HOME: join(folder, 'state'), HOME: folder };
  });
  after(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function shell(
    words: readonly string[],
    lines: readonly string[],
  ): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['dist/muster.js', 'shell', ...usual, '--line', ...words],
      {
        env: { ...process.env, ...environment },
        input: lines.map((line) => `${line}\n`).join(''),
        encoding: 'utf8',
      },
    );
    return { code: status, out: stdout, err: stderr };
  }
  const logins = (): number => readFileSync(join(sshd.dir, 'log'), 'utf8').match(/Accepted publickey/g)?.length ?? 0;

  it('runs each line on the hosts of the moment, over one connection each', () => {
    const before = logins();
    const lines = [
      'echo one',
      '-node3',
      'echo two; exit 3',
      '@web',
      'echo three >&2',
      '+node3',
      '@nobody9',
      'echo last',
    ];
    const { code, out, err } = shell(['node[1-3]'], lines);
    assert.equal(
      out,
      ['node[1-3] (3)', 'one', 'node[1-2] (2), exit code 3', 'two', 'node[1-2] (2)', 'node[1-3] (3)', 'last', ''].join(
        '\n',
      ),
    );
    assert.match(
      err,
      /^2 of 2 failed: node\[1-2\] \(exit code 3\)\nthree\nCannot use "nobody9" as every host and group/,
    );
    assert.equal(code, 0);
    assert.equal(logins() - before, 3);
  });

  it('ends with the code of the last command, and before the end where it is told to', () => {
    assert.equal(shell(['@web'], ['exit 7']).code, 2);
    const { code, out } = shell(['@web'], ['echo in', 'quit', 'echo never']);
    assert.deepEqual([code, out], [0, 'node[1-2] (2)\nin\n']);
  });

  it('leaves @failed behind, which the next line may use', () => {
    const { out } = shell(
      ['node[1-3]', '--template', '--exact'],
      ['test {{ host }} != node2', '@failed', 'echo {{ host }}'],
    );
    assert.equal(out, 'node[1,3] (2)\nnode2 (1), exit code 1\nnode2 (1)\nnode2\n');
  });

  it('connects again to a host that was lost, and runs nothing twice', () => {
    const file = join(folder, 'times');
    const { code, out, err } = shell(['node1'], [`echo run >>${file}; kill -9 $PPID`, 'echo back']);
    assert.equal(out, 'node1 (1)\nback\n');
    assert.match(err, /1 of 1 unreachable: node1/);
    assert.equal(code, 0);
    assert.equal(readFileSync(file, 'utf8'), 'run\n');
  });

  it('asks for the name of a protected group, once, and else sends nothing to anybody', () => {
    const lines = ['echo first', 'web', 'echo second', 'prod', 'echo third', '-node4', 'echo fourth'];
    const { out, err } = shell(['node[1,4]'], lines);
    assert.equal(out, 'node[1,4] (2)\nsecond\nnode[1,4] (2)\nthird\nnode1 (1)\nfourth\n');
    assert.match(err, /That is not its name: nothing goes to any host/);
  });

  it('shows lines as they come, and runs commands here, where it is asked to', () => {
    const { out } = shell(['@web'], ['!echo here', '=', 'echo there', '=', 'echo folded']);
    const [here, stream, first, second, ...rest] = out.split('\n');
    assert.deepEqual([here, stream], ['here', 'lines as they come']);
    assert.deepEqual([first, second].toSorted(), ['node1: there', 'node2: there']);
    assert.deepEqual(rest, ['folded answers', 'node[1-2] (2)', 'folded', '']);
  });

  it("takes names without an inventory, and ClusterSSH's tags as groups", () => {
    mkdirSync(join(folder, '.clusterssh'), { recursive: true });
    writeFileSync(join(folder, '.clusterssh', 'clusters'), `mine op@127.0.0.1:1 127.0.0.2\n`);
    const words = ['dist/muster.js', 'shell', ...usual, '--line', '--connect-timeout', '5s', '-F', 'none'];
    const { MUSTER_INVENTORY: _inventory, ...rest } = { ...process.env, ...environment };
    const run = (pattern: string, input: string): { stdout: string; stderr: string; status: number | null } =>
      spawnSync(process.execPath, [...words, pattern], { env: rest, input, encoding: 'utf8' });
    const { stdout } = run('@mine,web9', '?\n');
    assert.match(stdout, /^127\.0\.0\.\[1-2\],web9 \(3\)\n@web/);
    const wrong = run('@web', '?\n');
    assert.equal(wrong.status, 64);
    assert.match(wrong.stderr, /groups must be in a clusters file: "@web" is not\n {2}hint: name an inventory/);
  });

  it('refuses to begin without a word about how, or with two', () => {
    const run = (...words: string[]): { status: number | null; stderr: string } =>
      spawnSync(process.execPath, ['dist/muster.js', 'shell', 'all', ...words], {
        env: { ...process.env, ...environment },
        encoding: 'utf8',
      });
    const none = run();
    assert.deepEqual([none.status, /hint: --line: a prompt/.test(none.stderr)], [64, true], none.stderr);
    const both = run('--line', '--tmux');
    assert.deepEqual([both.status, /cannot be used with/.test(both.stderr)], [64, true], both.stderr);
  });
});
