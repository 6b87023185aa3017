/** What a login does not do, as sshd saw it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../src/remote/connection.ts';
import { keygen, startSshd, type TestSshd } from './sshd.ts';

describe('remote: what a login leaves out', function () {
  this.timeout(60_000);
  let sshd: TestSshd;
  before(async () => {
    sshd = await startSshd({ config: ['LogLevel DEBUG2'] });
  });
  after(() => sshd.stop());

  const seen = (pattern: RegExp): number => readFileSync(join(sshd.dir, 'log'), 'utf8').match(pattern)?.length ?? 0;
  const attempts = /userauth-request for user \S+ service ssh-connection method publickey/g;

  it('signs with an ed25519 key at once, and asks for no proof of keys that nobody keeps', async () => {
    const before = seen(attempts);
    const connection = await connect(sshd.target());
    assert.equal((await connection.exec('echo in')).stdout.toString(), 'in\n');
    await connection.close();
    assert.equal(seen(attempts) - before, 1);
    assert.equal(seen(/hostkeys-prove/g), 0);
  });

  it('asks before it signs with a key of another kind, and goes on after one that is refused', async () => {
    const [refused, slow] = [join(sshd.dir, 'refused'), join(sshd.dir, 'slow')];
    keygen(refused);
    keygen(slow, 'ecdsa');
    execFileSync('sh', ['-c', `cat ${slow}.pub >>${join(sshd.dir, 'authorized_keys')}`]);
    const before = seen(attempts);
    const connection = await connect(sshd.target({ identityFiles: [refused, slow] }));
    await connection.close();
    assert.equal(seen(attempts) - before, 3);
  });

  it('takes answers to its own requests for its own, with the hosts announcement in between', async () => {
    const connection = await connect(sshd.target());
    const tunnel = await connection.reverseTunnel((stream) => stream.end('through\n'));
    const { stdout } = await connection.exec(`exec 3<>/dev/tcp/127.0.0.1/${tunnel.port}; cat <&3`);
    assert.equal(stdout.toString(), 'through\n');
    await tunnel.close();
    await connection.close();
  });
});
