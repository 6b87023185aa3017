import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import { waitUntil } from '../../src/lab/wait.ts';
import { connect } from '../../src/remote/connection.ts';
import { dialAgent } from '../../src/remote/persist/client.ts';
import { commandOnHeld } from '../../src/remote/persist/held-command.ts';
import { type AgentStatus, type Answer, agentSocketPath, JsonLines } from '../../src/remote/persist/protocol.ts';
import { ConnectionLost } from '../../src/remote/problems.ts';
import { Secret } from '../../src/remote/secret.ts';
import type { ExecOptions, RunResult, Target } from '../../src/remote/types.ts';
import { installPackages } from '../debian/installed.ts';
import { isGone, startSshd, type TestSshd } from './sshd.ts';

const program = [process.execPath, '--import', 'tsx', 'src/cli/main.ts'];
/** The agent changes its directory; so it is told where its program is. */
const start = [process.execPath, '--import', import.meta.resolve('tsx'), join(process.cwd(), 'src/cli/main.ts')];

describe('remote: connections that are kept open', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let runtime: string;
  const before_ = process.env.XDG_RUNTIME_DIR;
  before(async () => {
    runtime = mkdtempSync(join(tmpdir(), 'muster-runtime-'));
    process.env.XDG_RUNTIME_DIR = runtime;
    sshd = await startSshd();
  });
  after(async () => {
    execFileSync(program[0]!, [...program.slice(1), 'agent', 'stop']);
    if (before_ === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before_;
    await sshd.stop();
    rmSync(runtime, { recursive: true, force: true });
  });

  const target = (changes: Partial<Target> = {}): Target =>
    sshd.target({ persist: { idleMs: 60_000, start: [...start, 'agent', 'serve'] }, ...changes });
  const logins = (): number => readFileSync(join(sshd.dir, 'log'), 'utf8').match(/Accepted publickey/g)?.length ?? 0;
  async function status(): Promise<AgentStatus | undefined> {
    const socket = await dialAgent(agentSocketPath());
    if (socket === undefined) return undefined;
    const lines = new JsonLines(socket);
    lines.send({ want: 'status' });
    const answer = (await lines.next()) as Answer | undefined;
    socket.destroy();
    return answer !== undefined && 'status' in answer ? answer.status : undefined;
  }
  const idle = (): Promise<boolean> =>
    waitUntil(async () => (await status())?.sessions.every(({ state }) => state === 'idle') ?? true, {
      timeoutMs: 20_000,
      everyMs: 50,
    });

  async function session(target: Target): Promise<string[]> {
    const connection = await connect(target);
    const worker = await connection.worker();
    const shell = (await worker.run('echo $PPID $$')).stdout.toString();
    const result = await connection.exec('cat; echo err >&2; exit 3', { stdin: 'fed' });
    const killed = await connection.exec('kill -9 $$');
    await worker.close();
    await connection.close();
    assert.ok(await idle());
    return [shell, String(result.rc), result.stdout.toString(), result.stderr.toString(), String(killed.signal)];
  }

  it('serve one command after another over one login, and the same worker shell', async () => {
    const first = await session(target());
    assert.deepEqual(first.slice(1), ['3', 'fed', 'err\n', 'SIGKILL']);
    assert.deepEqual(await session(target()), first);
    assert.deepEqual(await session(target()), first);
    assert.equal(logins(), 1);
    assert.equal(statSync(agentSocketPath()).mode & 0o777, 0o600);
    assert.equal(statSync(join(runtime, 'muster')).mode & 0o777, 0o700);
    const [held] = (await status())!.sessions;
    assert.deepEqual([held!.host, held!.state, held!.workers], ['node1', 'idle', 1]);
    assert.ok(held!.leftMs! > 0 && held!.leftMs! <= 60_000);
  });

  it('carry 20 MB, files and tunnels', async () => {
    const connection = await connect(target());
    const bytes = Buffer.alloc(20_000_000, 'some text that is not all the same\n');
    const result = await connection.exec('cat', { stdin: bytes });
    assert.ok(result.stdout.equals(bytes));
    const path = join(sshd.dir, 'put');
    await connection.putFile(path, Buffer.from('content'), { mode: 0o640 });
    assert.equal(readFileSync(path, 'utf8'), 'content');
    const tunnel = await connection.reverseTunnel(
      (stream) => void stream.on('data', (data) => stream.end(`got ${data}`)),
    );
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(tunnel.port, '127.0.0.1', () => socket.write('this'));
      socket.on('data', (data) => resolve(data.toString()));
    });
    assert.equal(answer, 'got this');
    await tunnel.close();
    await connection.close();
    assert.ok(await idle());
    assert.equal(logins(), 1);
  });

  it('are not shared by two at once, who may kill what they run', async () => {
    const [one, two] = await Promise.all([connect(target()), connect(target())]);
    const long = two.exec('echo begun; sleep 2; echo done');
    const late = await one.exec('echo $$; exec sleep 300', { timeoutMs: 300 });
    assert.ok(late.timedOut && (await isGone(Number(late.stdout.toString()))));
    assert.equal((await long).stdout.toString(), 'begun\ndone\n');
    await Promise.all([one.close(), two.close()]);
    assert.ok(await idle());
    assert.deepEqual((await session(target()))[1], '3');
    assert.equal(logins(), 2);
  });

  it('take commands without a bridge, through one socket, as long as nobody has the connection', async () => {
    const apart = target({ environment: { LC_APART: '1' } });
    await (await connect(apart)).close();
    assert.ok(await idle());
    const before = logins();
    const said: string[] = [];
    const run = (command: string, options: ExecOptions = {}): Promise<RunResult | undefined> =>
      commandOnHeld(apart, command, { collect: false, onStdout: (chunk) => void said.push(`${chunk}`), ...options });
    const both = await Promise.all([run('echo out; echo err >&2; sleep 0.5; exit 3'), run('echo never')]);
    assert.deepEqual([both[0]?.rc, both[0]?.signal, both[0]?.timedOut, both[1]], [3, null, false, undefined]);
    assert.equal((await run('kill -9 $$'))?.signal, 'SIGKILL');
    assert.deepEqual(said, ['out\n']);

    // A reader that takes its time gets all, and holds the command back meanwhile.
    let bytes = 0;
    const slow = await run('head -c 3000000 /dev/zero', {
      onStdout: async (chunk) => {
        bytes += chunk.length;
        await new Promise((resolve) => setTimeout(resolve, 5));
      },
    });
    assert.deepEqual([slow?.rc, bytes], [0, 3_000_000]);

    const late = await run('echo $$; exec sleep 300', { timeoutMs: 300 });
    assert.ok(late?.timedOut && late.rc === null && (await isGone(Number(said.at(-1)))));
    const stop = new AbortController();
    const stopped = run('echo $$; exec sleep 300', {
      signal: stop.signal,
      onStdout: (chunk) => {
        said.push(`${chunk}`);
        stop.abort();
      },
    });
    await assert.rejects(stopped, (error: Problem) => error.reason === 'interrupted');
    assert.ok(await isGone(Number(said.at(-1))));

    for (const more of [{ stdin: 'x' }, { pty: true }, { collect: true }])
      assert.equal(await run('echo', more), undefined);
    assert.equal((await run('true'))?.rc, 0);
    assert.equal(logins(), before);
    // A worker shell that waits has a channel of sshd's.
    assert.equal((await session(apart))[1], '3');
    assert.equal(await run('true'), undefined);
  });

  it('tell a command that was ordered that they are lost, and end with a client that goes', async () => {
    const held = target({ name: 'other', environment: { LC_APART: '2' } });
    await (await connect(held)).close();
    assert.ok(await idle());
    const lost = commandOnHeld(held, 'kill -9 $PPID; sleep 2', { collect: false });
    await assert.rejects(lost, (error) => {
      assert.ok(error instanceof ConnectionLost, String(error));
      assert.match(error.message, /^Cannot reach host "other" as the connection must last/);
      return true;
    });
    const file = join(runtime, 'left.mjs');
    const module = (path: string): string => JSON.stringify(join(process.cwd(), 'src/remote', path));
    writeFileSync(
      file,
      `import { connect } from ${module('connection.ts')};
       import { commandOnHeld } from ${module('persist/held-command.ts')};
       const target = ${JSON.stringify(held)};
       await (await connect(target)).close();
       const onStdout = (chunk) => void process.stdout.write(chunk);
       const command = 'echo $$; while :; do sleep 0.1; echo; done';
       for (;;) await commandOnHeld(target, command, { collect: false, onStdout });`,
    );
    const child = spawn(start[0]!, [...start.slice(1, 3), file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => child.stdout.once('data', (said) => resolve(Number(`${said}`))));
    child.kill('SIGKILL');
    assert.ok(await isGone(pid));
  });

  it('are another for other settings, and are asked for passphrases through the client', async () => {
    const file = join(sshd.dir, 'locked');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'phrase', '-f', file]);
    writeFileSync(join(sshd.dir, 'authorized_keys'), readFileSync(`${file}.pub`), { flag: 'a' });
    const asked: string[] = [];
    const questions = {
      line: async () => 'no',
      secret: async (question: string) => {
        asked.push(question);
        return new Secret('phrase');
      },
    };
    const locked = target({ identityFiles: [file], access: { questions } });
    for (let turn = 0; turn < 2; turn++) {
      const connection = await connect(locked);
      assert.equal((await connection.exec('echo in')).stdout.toString(), 'in\n');
      await connection.close();
      assert.ok(await idle());
    }
    assert.equal(asked.length, 1);
  });

  it('leave no shell of root behind that a password was given for', async () => {
    installPackages({ '/usr/bin/sudo': 'sudo' });
    const own = await startSshd({ accounts: [{ name: 'alice', password: 'pw', sudo: 'ALL=(ALL) ALL' }] });
    try {
      const { persist } = target();
      const alice = own.target({ name: 'alices', user: 'alice', persist, access: { sudoPassword: new Secret('pw') } });
      const connection = await connect(alice);
      const workers = [await connection.worker(), await connection.worker({ become: true })];
      const said = await Promise.all(workers.map((worker) => worker.run('id -un')));
      assert.deepEqual(
        said.map(({ stdout }) => stdout.toString()),
        ['alice\n', 'root\n'],
      );
      await Promise.all(workers.map((worker) => worker.close()));
      await connection.close();
      assert.ok(await idle());
      assert.deepEqual(
        (await status())!.sessions.filter(({ host }) => host === 'alices').map((held) => held.workers),
        [1],
      );
    } finally {
      await own.stop();
    }
  });

  it('say why there is none, as without an agent', async () => {
    await assert.rejects(connect(target({ identityFiles: [] })), (error: Problem) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.reason, 'hostUnreachable');
      assert.match(error.message, /there is no key to try/);
      assert.match(error.hint ?? '', /IdentityFile/);
      return true;
    });
  });

  it('end with what a client left running', async () => {
    const connection = await connect(target());
    let pid = 0;
    const running = connection.exec('trap "" HUP; echo $$; while :; do sleep 0.1; echo; done', {
      onStdout: async (chunk) => {
        pid ||= Number(chunk.toString());
        if (pid > 0) void connection.close();
      },
    });
    await assert.rejects(running, Problem);
    assert.ok(await isGone(pid));
  });

  it('are noticed when they are lost', async () => {
    const connection = await connect(target());
    const parent = Number((await connection.exec('echo $PPID')).stdout.toString());
    const lost = connection.exec('echo so far; sleep 300', {
      onStdout: async () => void process.kill(parent, 'SIGKILL'),
    });
    await assert.rejects(lost, (error) => {
      assert.ok(error instanceof ConnectionLost, String(error));
      assert.match(error.message, /^Cannot reach host "node1" as the connection must last/);
      assert.equal(error.stdout.toString(), 'so far\n');
      return true;
    });
    await connection.close();
    assert.equal((await session(target()))[1], '3');
  });

  it('are given up, and made without the process, where it hangs', async () => {
    const apart = target({ environment: { LC_APART: '3' } });
    await (await connect(apart)).close();
    assert.ok(await idle());
    const connection = await connect(target());
    const { pid } = (await status())!;
    writeFileSync(join(runtime, 'hosts.yml'), `hosts: { node1: { address: 127.0.0.1, port: ${sshd.port} } }\n`);
    const login = `Host *\n  IdentityFile ${join(sshd.dir, 'id')}\n  UserKnownHostsFile ${runtime}/known_hosts\n`;
    writeFileSync(join(runtime, 'config'), login);
    const words = ['run', '-i', join(runtime, 'hosts.yml'), '-F', join(runtime, 'config'), '--persist', '60s', 'all'];
    const cli = (...args: string[]): Promise<[code: number | null, out: string]> =>
      new Promise((resolve) => {
        const child = execFile(program[0]!, [...program.slice(1), ...args], (_error, out, err) =>
          resolve([child.exitCode, `${out}${err}`]),
        );
      });
    let begun = (): void => {};
    const begins = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const running = connection.exec('echo on; sleep 300', { onStdout: () => begun() });
    const lost = assert.rejects(running, (error) => {
      assert.match(String(error), /the background process that holds it hangs/);
      return error instanceof ConnectionLost;
    });
    await begins;
    let orderedBegun = (): void => {};
    const orderedBegins = new Promise<void>((resolve) => {
      orderedBegun = resolve;
    });
    const ordered = commandOnHeld(apart, 'echo on; sleep 20', { collect: false, onStdout: () => orderedBegun() });
    // It has begun: to run it without the process would be to run it twice.
    const orderedLost = assert.rejects(ordered, (error) => {
      assert.match(String(error), /the background process that holds it hangs/);
      return error instanceof ConnectionLost;
    });
    await orderedBegins;
    process.kill(pid, 'SIGSTOP');
    try {
      const direct = cli(...words, '--', 'echo direct');
      const [run, shown] = await Promise.all([direct, cli('agent', 'status'), lost, orderedLost]);
      assert.deepEqual(run, [0, 'node1 (1)\ndirect\n']);
      assert.equal(shown[0], 2);
      assert.match(shown[1], /it was silent for 5 s\n +hint: .*fuser -k /);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await connection.close();
    assert.ok(await idle());
  });

  it('close when nobody used them for the time, and the process ends after the last', async () => {
    execFileSync(program[0]!, [...program.slice(1), 'agent', 'stop']);
    assert.equal(await status(), undefined);
    const connection = await connect(target({ persist: { idleMs: 300, start: [...start, 'agent', 'serve'] } }));
    const { pid } = (await status())!;
    await connection.close();
    assert.ok(await waitUntil(async () => (await status())?.sessions.length === 0, { timeoutMs: 20_000, everyMs: 50 }));
    assert.ok(await waitUntil(async () => (await status()) === undefined, { timeoutMs: 20_000, everyMs: 100 }));
    assert.ok(await isGone(pid));
  });

  it('are shown and closed by muster agent; two agents that start at once become one', async () => {
    const children = [1, 2].map(() => spawn(start[0]!, [...start.slice(1), 'agent', 'serve'], { stdio: 'ignore' }));
    assert.ok(await waitUntil(async () => (await status()) !== undefined, { timeoutMs: 20_000, everyMs: 50 }));
    const connection = await connect(target());
    assert.ok(
      await waitUntil(() => children.filter(({ exitCode }) => exitCode === null).length === 1, {
        timeoutMs: 20_000,
        everyMs: 50,
      }),
    );
    const cli = (...words: string[]): string =>
      execFileSync(program[0]!, [...program.slice(1), 'agent', ...words], { encoding: 'utf8' });
    assert.match(cli('status'), /^process \d+, \d+ MB, 1 connections\nnode1 {2}in use /);
    assert.equal(JSON.parse(cli('status', '--json')).sessions[0].state, 'in use');
    assert.equal(cli('stop'), 'closed 1 connection\n');
    await assert.rejects(connection.exec('true'), Problem);
    assert.equal(cli('stop'), 'no agent runs\n');
    assert.equal(cli('status'), 'no connections are kept open\n');
  });
});
