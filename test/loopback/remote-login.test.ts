import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import { waitUntil } from '../../src/lab/wait.ts';
import { connect } from '../../src/remote/connection.ts';
import type { Target } from '../../src/remote/types.ts';
import { freePort, keygen, startSshd, type TestSshd } from './sshd.ts';

/** Rejects as unreachable with a message that fits. */
async function assertUnreachable(target: Target, message: RegExp): Promise<Problem> {
  let seen: unknown;
  try {
    await (await connect(target)).close();
  } catch (error) {
    seen = error;
  }
  assert.ok(seen instanceof Problem, `it connected, or was a defect: ${seen}`);
  assert.equal(seen.reason, 'hostUnreachable');
  assert.match(seen.message, /^Cannot reach host "node1" as /);
  assert.match(seen.message, message);
  return seen;
}

/** Connects, runs one command, and closes. */
async function login(target: Target): Promise<string> {
  const connection = await connect(target);
  try {
    return (await connection.exec('echo in')).stdout.toString();
  } finally {
    await connection.close();
  }
}

/** A TCP server that does with each connection what the test says; counts them. */
async function fakeHost(
  onConnection: (socket: Socket, count: number) => void,
): Promise<{ port: number; open: () => number; stop: () => Promise<void> }> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    // Only who reads sees the other end go.
    socket.resume();
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket, ++count);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    open: () => sockets.size,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether it comes true within 20 s. */
function becomes(condition: () => boolean): Promise<boolean> {
  return waitUntil(condition, { timeoutMs: 20_000, everyMs: 50 });
}

describe('remote: login', function () {
  this.timeout(30_000);
  let sshd: TestSshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.stop());

  let known = '';
  let file = 0;
  beforeEach(() => {
    known = join(sshd.dir, `known-${++file}`);
  });
  const target = (changes: Partial<Target> = {}): Target => sshd.target({ knownHostsFiles: [known], ...changes });
  const otherKey = (): string => {
    const path = join(sshd.dir, `other-${file}`);
    keygen(path);
    return readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  };

  it('remembers a new host key once, in a file of ours alone', async () => {
    assert.equal(await login(target()), 'in\n');
    assert.equal(readFileSync(known, 'utf8'), `[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`);
    assert.equal(statSync(known).mode & 0o777, 0o600);
    assert.equal(await login(target({ hostKeyChecking: 'strict' })), 'in\n');
    assert.equal(readFileSync(known, 'utf8').split('\n').length, 2);
  });

  it('adds to a file that ends without a line end, and hashes where that is asked for', async () => {
    writeFileSync(known, `other ${otherKey()}`);
    await login(target({ hashKnownHosts: true }));
    const lines = readFileSync(known, 'utf8').split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[1]!, /^\|1\|/);
    const found = execFileSync('ssh-keygen', ['-f', known, '-F', `[127.0.0.1]:${sshd.port}`], { encoding: 'utf8' });
    assert.ok(found.includes(sshd.hostKey()), 'OpenSSH finds the line too');
    assert.equal(await login(target({ hostKeyChecking: 'strict' })), 'in\n');
  });

  it('many logins at once leave one whole line each', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `alias${index}`);
    await Promise.all(names.map((name) => login(target({ hostKeyAlias: name }))));
    const lines = readFileSync(known, 'utf8').trimEnd().split('\n').sort();
    assert.deepEqual(
      lines,
      names.map((name) => `[${name}]:${sshd.port} ${sshd.hostKey()}`),
    );
  });

  it('refuses a changed key, with file and line of the old one, and leaves the file alone', async () => {
    const text = `# mine\n[127.0.0.1]:${sshd.port} ${otherKey()}\n`;
    writeFileSync(known, text);
    for (const hostKeyChecking of ['strict', 'accept-new'] as const) {
      const problem = await assertUnreachable(
        target({ hostKeyChecking }),
        new RegExp(`its host key must be the one in ${known}:2: it shows ssh-ed25519 SHA256:`),
      );
      assert.match(problem.hint ?? '', /ssh-keygen -f .* -R '\[127\.0\.0\.1\]:/);
    }
    assert.equal(readFileSync(known, 'utf8'), text);
    assert.equal(await login(target({ hostKeyChecking: 'off' })), 'in\n');
  });

  it('refuses an unknown host where checking is strict, and writes nothing', async () => {
    await assertUnreachable(target({ hostKeyChecking: 'strict' }), /its host key must stand in .*no entry is for it/);
    assert.ok(!existsSync(known));
  });

  it('refuses a revoked key although another line knows it', async () => {
    writeFileSync(known, `[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n@revoked * ${sshd.hostKey()}\n`);
    await assertUnreachable(target(), new RegExp(`must not be revoked: .*revoked in ${known}:2`));
  });

  it('asks for the type of key that is on file, where the host has several', async () => {
    const rsa = join(sshd.dir, 'host_rsa');
    keygen(rsa, 'rsa');
    const other = await startSshd({ config: [`HostKey ${rsa}`] });
    try {
      const key = readFileSync(`${rsa}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
      writeFileSync(known, `[127.0.0.1]:${other.port} ${key}\n`);
      assert.equal(await login(other.target({ knownHostsFiles: [known], hostKeyChecking: 'strict' })), 'in\n');
    } finally {
      await other.stop();
    }
  });

  it('says which keys were refused, and which could not be used', async () => {
    const stranger = join(sshd.dir, 'stranger');
    const locked = join(sshd.dir, 'locked');
    keygen(stranger);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', locked]);
    const problem = await assertUnreachable(
      target({ identityFiles: [stranger, locked, join(sshd.dir, 'missing')] }),
      /must be let in with a key: it refused the key .*stranger; not usable is .*locked: it is encrypted/,
    );
    assert.ok(!problem.message.includes('missing'), 'a file that is not there is nothing to complain about');
    await assertUnreachable(target({ identityFiles: [] }), /there is no key to try/);
  });

  it('tries the keys one after another', async () => {
    const stranger = join(sshd.dir, 'stranger2');
    keygen(stranger);
    assert.equal(await login(target({ identityFiles: [stranger, join(sshd.dir, 'id')] })), 'in\n');
  });

  it("takes the agent's keys", async () => {
    const socket = join(sshd.dir, 'agent');
    const started = execFileSync('ssh-agent', ['-a', socket, '-s'], { encoding: 'utf8' });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)![1]);
    const before = process.env.SSH_AUTH_SOCK;
    try {
      process.env.SSH_AUTH_SOCK = socket;
      const key = join(sshd.dir, 'agent-key');
      copyFileSync(join(sshd.dir, 'id'), key);
      execFileSync('ssh-add', ['-q', key], { stdio: 'ignore' });
      assert.equal(await login(target({ identityFiles: [], identitiesOnly: false })), 'in\n');
      await assertUnreachable(target({ identityFiles: [], identitiesOnly: true }), /there is no key to try/);
    } finally {
      if (before === undefined) delete process.env.SSH_AUTH_SOCK;
      else process.env.SSH_AUTH_SOCK = before;
      process.kill(pid);
    }
  });

  it('says that nobody listens, and that a name does not resolve', async () => {
    await assertUnreachable(
      target({ port: await freePort() }),
      /sshd must answer on 127\.0\.0\.1:\d+: connection refused/,
    );
    await assertUnreachable(target({ address: 'no-such-host.invalid' }), /its address must resolve/);
  });

  it('gives up on a host that hangs in the banner or in the key exchange, and hangs up', async () => {
    const silent = await fakeHost(() => {});
    const halfway = await fakeHost((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    try {
      const quick = { connectTimeoutMs: 1500 };
      await assertUnreachable(target({ ...quick, port: silent.port }), /no SSH banner came within 1\.5 s/);
      await assertUnreachable(target({ ...quick, port: halfway.port }), /the key exchange did not end within 1\.5 s/);
      assert.ok(await becomes(() => silent.open() === 0 && halfway.open() === 0));
    } finally {
      await silent.stop();
      await halfway.stop();
    }
  });

  it('does not take something else for an sshd', async () => {
    const web = await fakeHost((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    try {
      await assertUnreachable(target({ port: web.port }), /./);
    } finally {
      await web.stop();
    }
  });

  it('tries again where sshd drops connections because too many log in', async () => {
    const busy = await fakeHost((socket, count) => {
      if (count <= 2) return void socket.destroy();
      socket.pause();
      const through = connectTcp(sshd.port, '127.0.0.1');
      through.on('error', () => {});
      socket.pipe(through).pipe(socket);
    });
    try {
      assert.equal(await login(target({ port: busy.port })), 'in\n');
    } finally {
      await busy.stop();
    }
  });

  it('leaves a login that is interrupted, and hangs up', async () => {
    const silent = await fakeHost(() => {});
    try {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(
        connect(target({ port: silent.port }), { signal: controller.signal }),
        (error) => error instanceof Problem && error.reason === 'interrupted',
      );
      assert.ok(await becomes(() => silent.open() === 0));
    } finally {
      await silent.stop();
    }
  });

  it('keeps no connection that it began before it knew that nobody can log in', async () => {
    const silent = await fakeHost(() => {});
    try {
      await assertUnreachable(target({ port: silent.port, identityFiles: [] }), /there is no key to try/);
      assert.ok(await becomes(() => silent.open() === 0));
    } finally {
      await silent.stop();
    }
  });

  it('goes through a ProxyCommand, which dies with the connection', async () => {
    await login(target());
    const mark = join(sshd.dir, 'proxy-pid');
    const command =
      `sh -c 'echo $$ > ${mark}; exec ssh -F none -i ${sshd.dir}/id -o UserKnownHostsFile=${known} -o BatchMode=yes ` +
      `-p ${sshd.port} -W 127.0.0.1:${sshd.port} 127.0.0.1'`;
    // The port is nobody's: only the stream of the command leads anywhere.
    assert.equal(await login(target({ hostKeyAlias: 'behind', proxyCommand: command })), 'in\n');
    const pid = Number(readFileSync(mark, 'utf8'));
    assert.ok(await becomes(() => !existsSync(`/proc/${pid}`)));
    await assertUnreachable(target({ proxyCommand: 'sh -c "echo no way >&2; exit 3"' }), /no way/);
  });
});
