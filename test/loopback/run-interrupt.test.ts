/** Ctrl-C at a terminal, which reaches every process of the foreground, and hosts that hang behind their login. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGone, startSshd, type TestSshd } from './sshd.ts';

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `waited 30 s until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

const content = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

describe('muster, interrupted or kept waiting', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let folder: string;
  before(async () => {
    sshd = await startSshd({
      accounts: [
        { name: 'plain', password: '*' },
        { name: 'hangs', password: '*' },
      ],
    });
    // What bash reads before it begins with a command of sshd's.
    writeFileSync(join(sshd.dir, 'home-hangs', '.bashrc'), `echo $$ >>${sshd.dir}/home-hangs/began; sleep 300\n`);
    folder = mkdtempSync(join(tmpdir(), 'muster-interrupt-'));
    const settings = [
      `Port ${sshd.port}`,
      `IdentityFile ${sshd.dir}/id`,
      'IdentitiesOnly yes',
      'StrictHostKeyChecking accept-new',
    ];
    const known = [`UserKnownHostsFile ${folder}/known_hosts`, 'GlobalKnownHostsFile none', 'HostName 127.0.0.1'];
    const jump = `${sshd.dir}/jump`;
    writeFileSync(
      join(folder, 'config'),
      [
        'Host proxied',
        `  ProxyCommand sh -c 'echo $$ >${jump}; exec ssh -F ${folder}/config -l plain -W 127.0.0.1:%p plain'`,
        'Host jumps',
        '  ProxyJump plain',
        'Host *',
        ...[...settings, ...known].map((line) => `  ${line}`),
        '',
      ].join('\n'),
    );
    writeFileSync(
      join(folder, 'hosts.yml'),
      'defaults: { user: plain }\nhosts: { plain: {}, proxied: {}, jumps: {}, hangs: { user: hangs } }\n',
    );
  });
  after(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** In a group of its own, as a shell starts what runs in the foreground. */
  function start(verb: string, ...words: string[]): Run {
    const usual = ['-i', join(folder, 'hosts.yml'), '-F', join(folder, 'config')];
    const child = spawn(process.execPath, ['dist/muster.js', verb, ...usual, ...words], {
      env: { ...process.env, XDG_STATE_HOME: folder, SSH_AUTH_SOCK: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const said = { out: '', err: '' };
    child.stdout!.on('data', (chunk) => (said.out += chunk));
    child.stderr!.on('data', (chunk) => (said.err += chunk));
    const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, ...said })),
    );
    return { child, ended };
  }
  /** As the terminal does it. */
  const interrupt = ({ child }: Run): void => void process.kill(-child.pid!, 'SIGINT');

  for (const [way, options] of [
    ['proxied', []],
    ['jumps', []],
    ['plain', ['--transport', 'openssh']],
  ] as const) {
    it(`on Ctrl-C ends what runs on a host that is ${way}${options.length > 0 ? ' through OpenSSH' : ''}`, async () => {
      const file = join(sshd.dir, 'home-plain', `pid-${way}`);
      const run = start('run', ...options, way, '--', `echo hello; echo $$ > ${file}; exec sleep 300`);
      await until('the command runs', () => content(file).endsWith('\n'));
      interrupt(run);
      const { code, out, err } = await run.ended;
      assert.equal(code, 130, err);
      assert.match(out, /cut off\nhello\n$/);
      assert.ok(await isGone(Number(content(file))), 'the command goes on');
      if (way === 'proxied') assert.ok(await isGone(Number(content(join(sshd.dir, 'jump')))), 'the way there stays');
    });
  }

  it('a command is out of time, or interrupted, also where the login shell hangs', async () => {
    const began = join(sshd.dir, 'home-hangs', 'began');
    rmSync(began, { force: true });
    const late = await start('run', 'hangs,plain', '--timeout', '3s', '--json', '--', 'echo in').ended;
    const records = late.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map(({ host, state, timedOut, stdout }) => [host, state, timedOut ?? false, stdout]).toSorted(),
      [
        ['hangs', 'failed', true, ''],
        ['plain', 'ok', false, 'in\n'],
      ],
    );
    assert.equal(late.code, 2);
    // Else the command would still come when the shell hangs no more, and so would what was to end it.
    const shells = content(began).trim().split('\n');
    assert.equal(shells.length, 2);
    for (const shell of shells) assert.ok(await isGone(Number(shell)), 'a login shell goes on');
  });

  it('a second Ctrl-C leaves at once', async () => {
    const began = join(sshd.dir, 'home-hangs', 'began');
    rmSync(began, { force: true });
    const run = start('run', 'hangs', '--', 'echo never');
    let seen = '';
    run.child.stderr!.on('data', (chunk) => (seen += chunk));
    await until('the login shell runs', () => content(began).endsWith('\n'));
    interrupt(run);
    await until('the first is answered', () => seen.includes('ending what runs on hangs (once more leaves at once)'));
    interrupt(run);
    const { code, err } = await run.ended;
    assert.equal(code, 130);
    assert.ok(!err.includes('of 1 interrupted'), 'it still waited for the host');
  });

  it('a ping that waits for a login shell ends at Ctrl-C', async () => {
    const run = start('ping', 'hangs,plain');
    let seen = '';
    run.child.stdout!.on('data', (chunk) => (seen += chunk));
    await until('the other host has answered', () => seen.includes('plain'));
    interrupt(run);
    const { code, out } = await run.ended;
    assert.equal(code, 130, out);
    assert.match(out, /^hangs +interrupted/m);
  });
});
