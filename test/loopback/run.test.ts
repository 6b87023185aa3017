/** `muster run` as people type it: the built program against a real sshd. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isGone, startSshd, type TestSshd } from './sshd.ts';

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `waited 20 s until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

describe('muster run', function () {
  this.timeout(60_000);
  let sshd: TestSshd;
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  before(async () => {
    sshd = await startSshd();
    folder = mkdtempSync(join(tmpdir(), 'muster-run-'));
    const inventory = join(folder, 'inventory.yml');
    writeFileSync(
      inventory,
      [
        `defaults: { user: ${process.env.USER ?? 'root'}, identity_file: ${sshd.dir}/id, port: ${sshd.port} }`,
        'hosts:',
        `  node[1-5]: { address: 127.0.0.1, vars: { odd: "a 'b' $(id) ;" } }`,
        `  gone[1-2]: { address: 127.0.0.1, port: ${await freePort()} }`,
        'groups: { web: "node[1-2]" }',
      ].join('\n'),
    );
    environment = {
      ...process.env,
      MUSTER_INVENTORY: inventory,
      XDG_STATE_HOME: join(folder, 'state'),
      TMPDIR: folder,
    };
  });
  after(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const args = (words: readonly string[]): string[] => [
    'dist/muster.js',
    'run',
    '--host-key-checking',
    'off',
    ...words,
  ];
  function run(words: readonly string[], input?: string | Buffer): Result {
    const { status, stdout, stderr } = spawnSync(process.execPath, args(words), {
      env: environment,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      ...(input !== undefined && { input }),
    });
    return { code: status, out: stdout, err: stderr };
  }
  const start = (words: readonly string[]): ChildProcess =>
    spawn(process.execPath, args(words), { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });

  it('shows equal outputs once, but for the names of the hosts in them', () => {
    const { code, out, err } = run(['node*!node4', '--template', '--', 'echo I am {{ host }}']);
    assert.deepEqual([code, out, err], [0, 'node[1-3,5] (4)\nI am <host>\n', '']);
    const exact = run(['node[1-2]', '--exact', '--template', '--', 'echo I am {{ host }}']);
    assert.equal(exact.out, 'node1 (1)\nI am node1\nnode2 (1)\nI am node2\n');
  });

  it('tells failed from unreachable, in its exit code, its last lines and the result sets', () => {
    const { code, out, err } = run(['all', '--template', '--', 'echo out; [ {{ host }} != node2 ] || exit 9']);
    assert.equal(code, 4);
    assert.equal(out, 'node[1,3-5] (4)\nout\nnode2 (1), exit code 9\nout\n');
    assert.match(err, /^gone\[1-2\] \(2\): Cannot reach host <host> as .*: connection refused$/m);
    assert.match(err, /^1 of 7 failed: node2 \(exit code 9\)\n2 of 7 unreachable: gone\[1-2\]$/m);
    const sets = spawnSync(process.execPath, ['dist/muster.js', 'hosts', '@ok', '--split', '1'], { env: environment });
    assert.equal(sets.stdout.toString(), 'node[1,3-5]\n');
    assert.equal(run(['@failed', '-S', '--', 'exit 9']).code, 9);
    assert.equal(run(['@ok', '--', 'true']).code, 64, 'nobody was ok in the last run');
  });

  it('shows what differs from the biggest group', () => {
    const { out } = run([
      'node[1-3]',
      '--diff',
      '--template',
      '--',
      'printf "a\\nb\\n"; [ {{ host }} != node2 ] || echo c',
    ]);
    assert.equal(out, 'node[1,3] (2)\na\nb\nnode2 (1)\n--- node[1,3]\n@@ -1 +1 @@\n a\n b\n+c\n');
  });

  it('gives lines with their hosts, a table, and JSON for each host', () => {
    const stream = run(['@web', '--stream', '--', 'printf "a\\nb"; echo e >&2']);
    assert.deepEqual(stream.out.trim().split('\n').sort(), ['node1: a', 'node1: b', 'node2: a', 'node2: b']);
    assert.deepEqual(stream.err.trim().split('\n').sort(), ['node1: e', 'node2: e']);
    const table = run(['node1,gone1', '--table', '--', 'echo one; echo two']);
    assert.match(
      table.out,
      /^HOST {3}STATE +RC {2}SECONDS {2}OUTPUT\nnode1 {2}ok +0 +\d+\.\d\d +one \(\+1 lines\)\ngone1 {2}unreach/,
    );
    const json = run(['node1,gone1', '--json', '--', 'printf "\\377x"; echo é >&2; kill -9 $$']);
    const records = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [lost, killed] = records.sort((a, b) => (a.host < b.host ? -1 : 1));
    assert.deepEqual([lost.state, lost.rc, lost.stdout], ['unreachable', null, '']);
    assert.match(lost.error, /connection refused/);
    const { seconds, ...rest } = killed;
    const texts = { stdout: '\ufffdx', stdoutBase64: '/3g=', stderr: 'é\n' };
    assert.deepEqual(rest, { host: 'node1', state: 'failed', rc: null, signal: 'SIGKILL', ...texts });
    assert.ok(seconds > 0);
    assert.equal(json.code, 4);
  });

  it('writes a file a host, and takes the old ones of a host away', () => {
    const logs = join(folder, 'logs');
    run(['@web', '--log', logs, '--', 'echo out; echo err >&2']);
    const second = run(['@web,gone1', '--log', logs, '--', 'printf new']);
    assert.deepEqual(readdirSync(logs).sort(), ['gone1.out', 'node1.out', 'node2.out']);
    assert.equal(readFileSync(join(logs, 'node1.out'), 'utf8'), 'new');
    assert.equal(second.code, 4);
  });

  it('gives its input to every host, also to those that begin late, and to none that does not read', () => {
    const input = Buffer.from(Array.from({ length: 300_000 }, (_, index) => `${index}\n`).join(''));
    const sum = createHash('sha256').update(input).digest('hex');
    const { out } = run(['node*', '--forks', '2', '--', 'sha256sum'], input);
    assert.equal(out, `node[1-5] (5)\n${sum}  -\n`);
    assert.equal(run(['node*', '--', 'true'], input).code, 0);
    assert.equal(run(['node1', '-n', '--', 'wc -c'], 'in').out, 'node1 (1)\n0\n');
  });

  it('does not wait for an input that nobody ends', async () => {
    const child = spawn(process.execPath, args(['node1', '--', 'echo on']), { env: environment });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.deepEqual([code, out], [0, 'node1 (1)\non\n']);
    child.stdin.destroy();
  });

  it('runs local scripts, in a directory, with variables, and quotes what a template puts in', () => {
    const script = join(folder, 'script.sh');
    writeFileSync(script, '#!/bin/bash\necho "$PWD|$1|$WORD|$BASH_VERSINFO"; cat; exit 5\n');
    const options = ['--cwd', '/usr', '--env', "WORD=it's", '--template', '--script', script, '--', '{{ odd }}'];
    const { code, out } = run(['@web', ...options], 'in\n');
    assert.match(out, /^node\[1-2\] \(2\), exit code 5\n\/usr\|a 'b' \$\(id\) ;\|it's\|[1-9]\d*\nin\n$/);
    assert.equal(code, 2);
    const pty = run(['node1', '--pty', '--script', script, '--', 'x'], 'typed');
    assert.match(pty.out, /\|x\|\|/);
  });

  it('goes in batches, and begins no more hosts once enough have failed', () => {
    const mark = join(folder, 'marks');
    mkdirSync(mark);
    const touch = (rc: string): string => `touch ${mark}/{{ host }}; ${rc}`;
    const { code, err } = run([
      'node*',
      '--serial',
      '1',
      '--max-fail',
      '1',
      '--template',
      '--',
      touch('[ {{ host }} = node1 ]'),
    ]);
    assert.deepEqual([code, readdirSync(mark).sort()], [2, ['node1', 'node2']]);
    assert.match(err, /^1 of 5 failed: node2 \(exit code 1\)\n3 of 5 not begun: node\[3-5\]$/m);
    rmSync(mark, { recursive: true });
    mkdirSync(mark);
    run(['node*', '--forks', '1', '--fail-fast', '--template', '--', touch('false')]);
    assert.deepEqual(readdirSync(mark), ['node1']);
    assert.equal(run(['node*', '--serial', '40%', '--template', '--', touch('exit 1')]).code, 2);
    assert.deepEqual(readdirSync(mark).sort(), ['node1', 'node2']);
  });

  it('ends a command that takes too long, and keeps what it said', () => {
    const { code, out, err } = run(['node1', '--timeout', '1s', '--', 'echo before; sleep 300']);
    assert.deepEqual([code, out], [2, 'node1 (1), timed out\nbefore\n']);
    assert.equal(err, '1 of 1 failed: node1 (timed out)\n');
  });

  it('on Ctrl-C says who is left, ends what runs there, and keeps what was said', async () => {
    const pids = join(folder, 'pids');
    mkdirSync(pids);
    const child = start(['node[1-2]', '--template', '--', `echo hello; echo $$ > ${pids}/{{ host }}; exec sleep 300`]);
    let [out, err] = ['', ''];
    child.stdout!.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const pidOf = (host: string): string => join(pids, host);
    await until('both commands run', () =>
      ['node1', 'node2'].every((host) => existsSync(pidOf(host)) && readFileSync(pidOf(host), 'utf8').endsWith('\n')),
    );
    child.kill('SIGINT');
    assert.equal(await ended, 130);
    assert.match(err, /^interrupted; ending what runs on node\[1-2\]/);
    assert.match(out, /^node\[1-2\] \(2\), cut off\nhello\n$/);
    for (const host of ['node1', 'node2']) assert.ok(await isGone(Number(readFileSync(pidOf(host), 'utf8'))), host);
  });

  it('holds a host back that says more than the reader takes, and needs no memory for 100 MB', async () => {
    const size = 100_000_000;
    const child = start(['node1', '--stream', '--', `head -c ${size} /dev/zero | tr '\\0' x`]);
    let peak = 0;
    let received = 0;
    child.stdout!.on('data', (chunk: Buffer) => {
      received += chunk.length;
      const status = existsSync(`/proc/${child.pid}/status`) ? readFileSync(`/proc/${child.pid}/status`, 'utf8') : '';
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    });
    // A reader that takes its time: what comes meanwhile must wait on the host.
    await until('the output begins', () => received > 0);
    child.stdout!.pause();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.stdout!.resume();
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0);
    assert.ok(received >= size && received < size * 1.01, `${received}`);
    assert.ok(peak > 0 && peak < 250_000, `it took ${peak} kB`);
  });

  it('leaves no file behind, however much was said', () => {
    assert.equal(
      run(['node[1-3]', '--fold', '--template', '--', 'head -c 40000000 /dev/zero; echo {{ host }}']).code,
      0,
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('muster-')),
      [],
    );
  });
});
