import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import type { Connection } from '../../src/remote/types.ts';
import { startSshd, type TestSshd } from './sshd.ts';

describe('remote: exec', function () {
  this.timeout(60_000);
  let sshd: TestSshd;
  let connection: Connection;
  before(async () => {
    sshd = await startSshd({ config: ['MaxSessions 2'] });
    connection = await connect(sshd.target());
  });
  after(async () => {
    await connection?.close();
    await sshd.stop();
  });

  it('queues up for channels, where sshd allows but a few', async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) => connection.exec(`echo ${index}; exit ${index}`)),
    );
    assert.deepEqual(
      results.map(({ rc, stdout }) => [rc, stdout.toString()]),
      Array.from({ length: 6 }, (_, index) => [index, `${index}\n`]),
    );
  });

  it('does not wait for a channel that will not end, and says what to change', async () => {
    const own = await connect(sshd.target());
    const workers = [await own.worker(), await own.worker()];
    await assert.rejects(own.exec('true'), (error: Problem) => {
      assert.ok(error instanceof Problem);
      assert.match(error.message, /sshd must open a channel for it/);
      assert.match(error.hint ?? '', /MaxSessions/);
      return true;
    });
    assert.equal((await workers[0]!.run('echo on')).stdout.toString(), 'on\n');
    await own.close();
  });

  it('takes 100 MB without keeping them, no faster than they are taken', async () => {
    const hash = createHash('sha256');
    let length = 0;
    let pending = 0;
    let most = 0;
    const before = process.memoryUsage().rss;
    let rss = 0;
    const result = await connection.exec("head -c 100000000 /dev/zero | tr '\\0' x", {
      collect: false,
      onStdout: async (chunk) => {
        most = Math.max(most, ++pending);
        await new Promise((resolve) => setImmediate(resolve));
        hash.update(chunk);
        length += chunk.length;
        rss = Math.max(rss, process.memoryUsage().rss);
        pending--;
      },
    });
    assert.equal(result.rc, 0);
    assert.equal(result.stdout.length, 0);
    assert.equal(length, 100_000_000);
    assert.equal(hash.digest('hex'), createHash('sha256').update(Buffer.alloc(100_000_000, 'x')).digest('hex'));
    assert.ok(most <= 2, `${most} pieces were handed out before the first was taken`);
    assert.ok(rss - before < 80_000_000, `grew by ${Math.round((rss - before) / 1e6)} MB`);
  });
});
