import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import { chooseTransport } from '../../src/remote/choose-transport.ts';
import { connect } from '../../src/remote/connection.ts';
import { ConnectionLost } from '../../src/remote/problems.ts';
import { Secret } from '../../src/remote/secret.ts';
import { loadSshConfig } from '../../src/remote/ssh-config.ts';
import { targetOf } from '../../src/remote/target.ts';
import type { Connection, Target } from '../../src/remote/types.ts';
import { freePort, isGone, keygen, says, startSshd, type TestSshd } from './sshd.ts';

describe('remote: through OpenSSH', function () {
  this.timeout(60_000);
  let sshd: TestSshd;
  let connection: Connection;
  const openssh = { transport: 'openssh' } as const;
  before(async () => {
    sshd = await startSshd({ config: ['AcceptEnv MUSTER_*'] });
    connection = await connect(sshd.target(openssh));
  });
  after(async () => {
    await connection?.close();
    await sshd.stop();
  });

  /** A target as ssh_config gives it; `lines` stand under `Host web`. */
  async function configured(...lines: string[]): Promise<Target> {
    const file = join(sshd.dir, 'config');
    const usual = [
      'HostName 127.0.0.1',
      `Port ${sshd.port}`,
      `IdentityFile ${sshd.dir}/id`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${sshd.dir}/known_hosts`,
      'GlobalKnownHostsFile none',
    ];
    writeFileSync(file, `Host web\n${[...lines, ...usual].map((line) => `  ${line}\n`).join('')}`);
    const ssh = { address: 'web', user: undefined, port: undefined, identityFile: undefined, proxyCommand: undefined };
    const host = { name: 'node1', connection: 'ssh' as const, ssh, groups: ['all'], variables: {} };
    return targetOf(host, await loadSshConfig(file));
  }

  it('gives exit code, output, error output and signals of commands back, many at once', async () => {
    const result = await connection.exec('cat; echo err >&2; exit 3', { stdin: 'fed\0' });
    assert.deepEqual([result.rc, result.stdout.toString(), result.stderr.toString()], [3, 'fed\0', 'err\n']);
    const killed = await connection.exec('kill -9 $$');
    assert.deepEqual([killed.rc, killed.signal], [null, 'SIGKILL']);
    const many = await Promise.all(Array.from({ length: 20 }, (_, index) => connection.exec(`exit ${index}`)));
    assert.deepEqual(
      many.map(({ rc }) => rc),
      Array.from({ length: 20 }, (_, index) => index),
    );
  });

  it('carries 20 MB both ways whole, no faster than they are taken', async () => {
    const bytes = Buffer.alloc(20_000_000, 'some text that is not all the same\n');
    const hash = createHash('sha256');
    const result = await connection.exec('tee /dev/stderr | sha256sum', {
      stdin: bytes,
      onStderr: async (chunk) => {
        hash.update(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const expected = createHash('sha256').update(bytes).digest('hex');
    assert.equal(result.stdout.toString(), `${expected}  -\n`);
    assert.equal(hash.digest('hex'), expected);
  });

  it('runs a worker shell, ends what takes too long, and works on', async () => {
    const worker = await connection.worker();
    assert.equal((await worker.run('echo $((6 * 7))')).stdout.toString(), '42\n');
    const late = await worker.run('echo $$; exec sleep 300', { timeoutMs: 300 });
    assert.equal(late.timedOut, true);
    assert.ok(await isGone(Number(late.stdout.toString())));
    assert.equal((await worker.run('echo on')).stdout.toString(), 'on\n');
    await worker.close();
    const command = await connection.exec('echo $$; exec sleep 300', { timeoutMs: 300 });
    assert.equal(command.timedOut, true);
    assert.ok(await isGone(Number(command.stdout.toString())));
  });

  it('puts files, and hands connections to a port of the host over', async () => {
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
    await assert.rejects(
      new Promise((resolve, reject) => {
        connectTcp(tunnel.port, '127.0.0.1').once('connect', resolve).once('error', reject);
      }),
    );
  });

  it('reports a connection that is lost with what was received, and leaves no process', async () => {
    const own = await connect(sshd.target(openssh));
    const parent = Number((await own.exec('echo $PPID')).stdout.toString());
    const lost = own.exec('echo so far; sleep 300', { onStdout: async () => void process.kill(parent, 'SIGKILL') });
    await assert.rejects(lost, (error) => {
      assert.ok(error instanceof ConnectionLost, String(error));
      assert.equal(error.stdout.toString(), 'so far\n');
      return true;
    });
    await assert.rejects(own.exec('true'), Problem);
    await own.close();
  });

  it('says in our words why there is no way in', async () => {
    const fails = (changes: Partial<Target>, message: RegExp): Promise<void> =>
      assert.rejects(connect(sshd.target({ ...openssh, ...changes })), (error: Problem) => {
        assert.equal(error.reason, 'hostUnreachable', String(error));
        assert.match(error.message, message);
        return true;
      });
    const known = join(sshd.dir, 'known-other');
    keygen(join(sshd.dir, 'other'));
    const other = readFileSync(join(sshd.dir, 'other.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(known, `# mine\n[127.0.0.1]:${sshd.port} ${other}\n`);
    await fails({ knownHostsFiles: [known] }, new RegExp(`its host key must be the one in ${known}:2`));
    await fails({ knownHostsFiles: ['/dev/null'], hostKeyChecking: 'strict' }, /its host key must stand in/);
    await fails({ identityFiles: [join(sshd.dir, 'other')] }, /must be let in: OpenSSH was refused \(publickey\)/);
    await fails({ port: await freePort() }, /connection refused/);
    await fails({ address: 'no-such-host.invalid' }, /its address must resolve/);
    const hanging = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('SSH-2.0-OpenSSH_9.2\r\n');
    });
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const { port } = hanging.address() as AddressInfo;
    const questions = { line: async () => '', secret: async () => new Secret('') };
    for (const access of [undefined, { questions }]) {
      await fails({ port, connectTimeoutMs: 1000, access }, /sshd must answer on .*: no answer within 1 s/);
    }
    hanging.close();
  });

  it('is chosen by itself for certificates, and gets in with one', async () => {
    const dir = sshd.dir;
    keygen(join(dir, 'ca'));
    keygen(join(dir, 'signed'));
    const user = sshd.target().user;
    execFileSync('ssh-keygen', ['-q', '-s', join(dir, 'ca'), '-I', 'test', '-n', user, join(dir, 'signed.pub')]);
    const other = await startSshd({ config: [`TrustedUserCAKeys ${dir}/ca.pub`] });
    try {
      const target = other.target({ identityFiles: [join(dir, 'signed')] });
      assert.equal(await chooseTransport(target), 'openssh');
      assert.equal(await says(target), 'in\n');
      assert.equal(await chooseTransport(sshd.target()), 'ssh2');
    } finally {
      await other.stop();
    }
    assert.equal(await chooseTransport(await configured('CertificateFile /x')), 'openssh');
  });

  it('checks the certificate of a host where known_hosts trusts an authority', async () => {
    const dir = sshd.dir;
    keygen(join(dir, 'host-ca'));
    keygen(join(dir, 'signed-host'));
    const words = ['-q', '-s', join(dir, 'host-ca'), '-I', 'h', '-h', '-n', '127.0.0.1', join(dir, 'signed-host.pub')];
    execFileSync('ssh-keygen', words);
    const other = await startSshd({
      config: [`HostKey ${dir}/signed-host`, `HostCertificate ${dir}/signed-host-cert.pub`],
    });
    try {
      const known = join(dir, 'known-ca');
      const authority = readFileSync(join(dir, 'host-ca.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
      writeFileSync(known, `@cert-authority [127.0.0.1]:${other.port} ${authority}\n`);
      const target = other.target({ knownHostsFiles: [known], hostKeyChecking: 'strict' });
      assert.equal(await chooseTransport(target), 'openssh');
      assert.equal(await says(target), 'in\n');
    } finally {
      await other.stop();
    }
  });

  it('is chosen by itself for keys that need a token, and says what is wrong with it', async () => {
    const file = join(sshd.dir, 'token');
    const publicKey = writeTokenKey(file);
    writeFileSync(join(sshd.dir, 'authorized_keys'), publicKey, { flag: 'a' });
    const lines = [`IdentityFile ${file}`];
    const both = await configured(...lines);
    assert.equal(await chooseTransport(both), 'ssh2', 'another key may do');
    assert.equal(await says(both), 'in\n');
    const only = { ...both, identityFiles: [file] };
    assert.equal(await chooseTransport(only), 'openssh');
    // Nobody touches a token here: OpenSSH gets as far as signing with it, and no further.
    const alone = { ...only, openSsh: { ...only.openSsh!, identityFile: file } };
    const withoutOther = readFileSync(join(sshd.dir, 'config'), 'utf8').replace(`  IdentityFile ${sshd.dir}/id\n`, '');
    writeFileSync(join(sshd.dir, 'config'), withoutOther);
    await assert.rejects(connect(alone), (error: Problem) => {
      assert.equal(error.reason, 'hostUnreachable');
      assert.match(error.message, /must be let in: OpenSSH was refused .*; signing failed for ED25519-SK/);
      return true;
    });
    // The same key by its public half alone, as `ssh-add -K` leaves it.
    rmSync(file);
    writeFileSync(`${file}.pub`, publicKey);
    assert.equal(await chooseTransport({ ...only, identityFiles: [file] }), 'openssh');
    await assert.rejects(connect({ ...only, transport: 'ssh2' }), /sk-ssh-ed25519@openssh.com needs OpenSSH/);
  });

  it('gives commands the environment that ssh_config names, as ssh2 does', async () => {
    process.env.MUSTER_SENT = 'a b';
    try {
      const target = await configured('SetEnv MUSTER_TEST=set OTHER=not', 'SendEnv MUSTER_S*');
      for (const transport of ['ssh2', 'openssh'] as const)
        assert.equal(await says({ ...target, transport }, 'echo "$MUSTER_TEST,$MUSTER_SENT,$OTHER"'), 'set,a b,\n');
    } finally {
      delete process.env.MUSTER_SENT;
    }
  });

  it('gets post-quantum key exchange for who demands it', async () => {
    const demanded = 'KexAlgorithms sntrup761x25519-sha512@openssh.com';
    const target = await configured(demanded, 'SetEnv MUSTER_TEST=set');
    assert.equal(await chooseTransport(target), 'openssh');
    const strict = await startSshd({ config: [demanded] });
    try {
      writeFileSync(join(strict.dir, 'authorized_keys'), readFileSync(join(sshd.dir, 'id.pub')));
      const file = join(sshd.dir, 'config');
      writeFileSync(file, readFileSync(file, 'utf8').replace(`Port ${sshd.port}`, `Port ${strict.port}`));
      assert.equal(await says(target), 'in\n');
    } finally {
      await strict.stop();
    }
    assert.equal(await says(await configured(demanded, 'SetEnv MUSTER_TEST=set'), 'echo $MUSTER_TEST'), 'set\n');
  });

  it('leaves no ssh behind', async () => {
    const masters = (): string[] => {
      const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
      return children.filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'ssh\n');
    };
    assert.equal(masters().length, 1);
    await connection.close();
    assert.deepEqual(masters(), []);
  });
});

/**
 * Writes the private half of a key whose secret is in a token that does not exist (PROTOCOL.key, PROTOCOL.u2f), and returns
 * its line for authorized_keys.
 */
function writeTokenKey(file: string): string {
  const type = 'sk-ssh-ed25519@openssh.com';
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = (value: string | Buffer): Buffer => Buffer.concat([number(value.length), Buffer.from(value)]);
  const point = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const wire = Buffer.concat([text(type), text(point), text('ssh:')]);
  const secret = [number(7), number(7), wire, Buffer.from([1]), text('handle'), text(''), text('token')];
  const size = secret.reduce((sum, part) => sum + part.length, 0);
  const padding = Buffer.from(Array.from({ length: (8 - (size % 8)) % 8 }, (_, index) => index + 1));
  const magic = Buffer.from('openssh-key-v1\0');
  const head = [magic, text('none'), text('none'), text(''), number(1), text(wire)];
  const blob = Buffer.concat([...head, text(Buffer.concat([...secret, padding]))]).toString('base64');
  const body = blob.replace(/.{70}/g, '$&\n');
  writeFileSync(file, `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`, {
    mode: 0o600,
  });
  return `${type} ${wire.toString('base64')} token\n`;
}
