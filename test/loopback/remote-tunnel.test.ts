import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import { startSshd, type TestSshd } from './sshd.ts';

/** Sends, half-closes, and returns all that comes back. */
function exchange(port: number, content: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => resolve(Buffer.concat(chunks)));
    socket.end(content);
  });
}

async function echo(stream: Duplex): Promise<void> {
  for await (const chunk of stream) stream.write(chunk);
  stream.end();
}

describe('remote: reverse tunnel', function () {
  this.timeout(20_000);
  let sshd: TestSshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.stop());

  it('hands every connection to a port of the host over, many at once', async () => {
    const connection = await connect(sshd.target());
    const tunnel = await connection.reverseTunnel((stream) => void echo(stream));
    const contents = Array.from({ length: 12 }, (_, index) => Buffer.alloc(200_000, index + 1));
    const answers = await Promise.all(contents.map((content) => exchange(tunnel.port, content)));
    for (const [index, answer] of answers.entries()) assert.ok(answer.equals(contents[index]!));
    await tunnel.close();
    await assert.rejects(exchange(tunnel.port, 'x'), /ECONNREFUSED/);
    await connection.close();
  });

  it('keeps two tunnels of one connection apart, and ends streams with their tunnel', async () => {
    const connection = await connect(sshd.target());
    const one = await connection.reverseTunnel((stream) => stream.end('one'));
    const two = await connection.reverseTunnel((stream) => stream.end('two'));
    assert.equal((await exchange(one.port, '')).toString(), 'one');
    assert.equal((await exchange(two.port, '')).toString(), 'two');
    let open: Duplex | undefined;
    const three = await connection.reverseTunnel((stream) => {
      open = stream.resume();
      stream.write('hello');
    });
    const socket = connectTcp({ port: three.port, host: '127.0.0.1' });
    await new Promise((resolve) => socket.once('data', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    const closed = new Promise((resolve) => open?.once('close', resolve));
    await three.close();
    await Promise.all([ended, closed]);
    assert.equal((await exchange(one.port, '')).toString(), 'one');
    await connection.close();
  });

  it('leaves no listener behind when the connection ends', async () => {
    const connection = await connect(sshd.target());
    const tunnel = await connection.reverseTunnel((stream) => void echo(stream));
    await connection.close();
    let refused = false;
    for (let turn = 0; !refused && turn < 50; turn++) {
      refused = await exchange(tunnel.port, 'x').then(
        () => false,
        () => true,
      );
    }
    assert.ok(refused);
    await tunnel.close();
  });

  it('says what to change where sshd does not allow it', async () => {
    const closed = await startSshd({ config: ['AllowTcpForwarding no'] });
    try {
      const connection = await connect(closed.target());
      await assert.rejects(
        connection.reverseTunnel(() => {}),
        (error: Problem) => error.reason === 'hostFailed' && /AllowTcpForwarding/.test(error.hint ?? ''),
      );
      assert.equal((await connection.exec('echo on')).stdout.toString(), 'on\n');
      await connection.close();
    } finally {
      await closed.stop();
    }
  });
});
