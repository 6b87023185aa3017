/** What a person says about SSH on the command line, on the built program. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installPackages } from '../debian/installed.ts';
import { startSshd, type TestSshd } from './sshd.ts';

const password = 'pass w$rd';

describe('options of SSH', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let folder: string;
  before(async () => {
    installPackages({ '/usr/bin/sudo': 'sudo' });
    folder = mkdtempSync(join(tmpdir(), 'muster-options-'));
    sshd = await startSshd({
      config: ['PasswordAuthentication yes'],
      accounts: [{ name: 'alice', password, sudo: 'ALL=(ALL) ALL' }],
    });
    writeFileSync(
      join(folder, 'hosts.yml'),
      'all:\n  hosts:\n    node1: {}\n    node2: {}\n    node3: {}\n  vars:\n    ansible_user: alice\n',
    );
    const settings = ['HostName 127.0.0.1', `Port ${sshd.port}`, 'IdentityFile none', 'IdentityAgent none'];
    const known = [`UserKnownHostsFile ${folder}/known_hosts`, 'GlobalKnownHostsFile none'];
    writeFileSync(
      join(folder, 'config'),
      `Host node*\n${[...settings, ...known].map((line) => `  ${line}\n`).join('')}`,
    );
    writeFileSync(join(folder, 'askpass'), `#!/bin/sh\necho "$1" >>${folder}/asked\necho '${password}'\n`, {
      mode: 0o755,
    });
  });
  after(async () => {
    muster([], 'agent', 'stop');
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  type Setting = readonly string[] | { readonly cwd: string };
  function muster(setting: Setting, ...words: string[]): { code: number | null; out: string; err: string } {
    const answers = 'cwd' in setting ? [] : setting;
    const env: NodeJS.ProcessEnv = { ...process.env, XDG_RUNTIME_DIR: folder, SSH_AUTH_SOCK: '', HOME: folder };
    if (answers.length > 0) Object.assign(env, { SSH_ASKPASS: answers[0], SSH_ASKPASS_REQUIRE: 'force' });
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('dist/muster.js'), ...words], {
      encoding: 'utf8',
      env,
      ...('cwd' in setting && setting),
    });
    return { code: status, out: stdout, err: stderr };
  }
  const usual = (): string[] => ['-i', join(folder, 'hosts.yml'), '-F', join(folder, 'config')];
  const asked = (): string[] => {
    const questions = readFileSync(join(folder, 'asked'), 'utf8').trimEnd().concat(' ').split('\n');
    rmSync(join(folder, 'asked'));
    return questions;
  };
  const logins = (): number => readFileSync(join(sshd.dir, 'log'), 'utf8').match(/Accepted \w+ for/g)?.length ?? 0;

  it('-k and -K ask once for all hosts, by either transport', () => {
    for (const transport of ['auto', 'openssh']) {
      const { code, out, err } = muster(
        [join(folder, 'askpass')],
        ...['run', ...usual(), '-k', '-K', '--transport', transport, 'all', '--sudo', '--', 'id -un'],
      );
      assert.equal(code, 0, err);
      assert.match(out, /node\[1-3\][^\n]*\n(.*\n)?root\n/);
      assert.deepEqual(asked(), ['SSH password: ', 'sudo password: ']);
      assert.ok(!`${out}${err}`.includes(password));
    }
  });

  it('--ask-per-group asks once for each group', () => {
    const inventory = join(folder, 'groups.yml');
    writeFileSync(
      inventory,
      'defaults: { user: alice }\nhosts: { "node[1-4]": null }\ngroups: { db: "node[1-2]", web: node3 }\n',
    );
    const words = [
      'run',
      '-i',
      inventory,
      '-F',
      join(folder, 'config'),
      '-k',
      '--ask-per-group',
      'all',
      '--',
      'id -un',
    ];
    const { code, out, err } = muster([join(folder, 'askpass')], ...words);
    assert.deepEqual([code, out], [0, 'node[1-4] (4)\nalice\n'], err);
    assert.deepEqual(asked(), ['SSH password of db: ', 'SSH password of web: ', 'SSH password of all: ']);
  });

  it('without -k nothing is asked, and the way out is named', () => {
    const { code, err } = muster([join(folder, 'askpass')], 'run', ...usual(), 'node1', '--', 'true');
    assert.equal(code, 4);
    assert.match(err, /there is no key to try/);
    assert.match(err, /-k/);
  });

  it('nobody there to answer is said at once', () => {
    const env = { ...process.env, SSH_ASKPASS: '', HOME: folder };
    const words = ['-w', process.execPath, 'dist/muster.js', 'run', ...usual(), '-k', 'node1', '--', 'true'];
    const { status, stderr } = spawnSync('setsid', words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
    assert.equal(status, 64, stderr);
    assert.match(stderr, /Cannot ask "SSH password:" as somebody must be there to answer/);
  });

  it('a terminal is asked without showing what is typed', async () => {
    const command = [process.execPath, 'dist/muster.js', 'run', ...usual(), '-k', 'node1', '--', 'id -un'].join(' ');
    const env = { ...process.env, SSH_ASKPASS: '', HOME: folder };
    const child = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let seen = '';
    let typed = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
      if (typed || !seen.includes('SSH password: ')) return;
      typed = true;
      child.stdin.write(`${password}\n`);
    });
    await new Promise((resolve) => child.once('close', resolve));
    assert.match(seen, /alice/);
    assert.ok(!seen.includes(password), seen);
  });

  it('--persist serves the next command over the same logins, until muster agent stop', () => {
    const before = logins();
    for (let turn = 0; turn < 3; turn++) {
      const words = ['run', ...usual(), '-k', '--persist', '60s', 'all', '--', 'echo $((6 * 7))'];
      const { code, out, err } = muster([join(folder, 'askpass')], ...words);
      assert.equal(code, 0, err);
      assert.match(out, /42/);
    }
    assert.equal(logins() - before, 3);
    const status = muster([], 'agent', 'status');
    assert.match(
      status.out,
      /^process \d+, \d+ MB, 3 connections\nnode1 {2}idle {2}alice@127\.0\.0\.1(, 1 worker shell)?, closes in \d+ s\n/,
    );
    assert.equal(muster([], 'agent', 'stop').out, 'closed 3 connections\n');
  });

  it('an inventory may keep connections open, and --persist off says no', () => {
    const inventory = join(folder, 'persists.yml');
    writeFileSync(
      inventory,
      'defaults: { user: alice, persist: 60s, identity_file: key }\nhosts: { node1:, node2: { persist: off } }\n',
    );
    copyFileSync(join(sshd.dir, 'id'), join(folder, 'key'));
    const here = { cwd: folder };
    const words = ['run', '-i', 'persists.yml', '-F', 'config', 'all'];
    const off = muster(here, ...words, '--persist', 'off', '--', 'echo in');
    assert.deepEqual([off.code, muster([], 'agent', 'status').out], [0, 'no connections are kept open\n'], off.err);
    // Files that are named from here, by a process that is elsewhere.
    for (let turn = 0; turn < 2; turn++)
      assert.equal(muster(here, ...words, '--', 'echo in').out, 'node[1-2] (2)\nin\n');
    assert.match(muster([], 'agent', 'status').out, /1 connections\nnode1 /);
    assert.equal(muster([], 'agent', 'stop').out, 'closed 1 connection\n');
  });

  it('a mistake in the named file has its place', () => {
    writeFileSync(join(folder, 'wrong'), 'Host *\n  Nonsense\n');
    const { code, err } = muster(
      [],
      'run',
      '-i',
      join(folder, 'hosts.yml'),
      '-F',
      join(folder, 'wrong'),
      'all',
      '--',
      'x',
    );
    assert.equal(code, 65);
    assert.match(err, /wrong:2:3 Cannot read "Nonsense"/);
    assert.equal(muster([], 'run', '-i', join(folder, 'hosts.yml'), '-F', '/none/such', 'all', '--', 'x').code, 65);
  });
});
