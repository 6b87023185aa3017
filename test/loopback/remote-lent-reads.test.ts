/** Output that is lent is what the host said, and so is output that is kept, while others are read into the same memory. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../src/remote/connection.ts';
import type { Connection } from '../../src/remote/types.ts';
import { startSshd, type TestSshd } from './sshd.ts';

const size = 12_000_000;
const sum = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

describe('remote: output that is lent', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let file: string;
  let expected: string;
  const connections: Connection[] = [];

  for (const [name, config] of [
    ['over one exchange of keys', []],
    ['over many', ['RekeyLimit 1M']],
    ['with a cipher that keeps what it reads', ['Ciphers aes256-ctr,chacha20-poly1305@openssh.com']],
  ] as const) {
    describe(name, () => {
      before(async () => {
        sshd = await startSshd({ config });
        file = join(sshd.dir, 'content');
        const content = randomBytes(size);
        expected = sum(content);
        writeFileSync(file, content);
        for (let turn = 0; turn < 3; turn++) connections.push(await connect(sshd.target()));
      });
      after(async () => {
        for (const connection of connections.splice(0)) await connection.close();
        await sshd.stop();
      });

      /** The digest of what came, and how many pieces lay where another had lain. */
      async function borrowed(connection: Connection, wait: number): Promise<{ digest: string; lent: number }> {
        const hash = createHash('sha256');
        const memory = new Set<ArrayBufferLike>();
        let pieces = 0;
        await connection.exec(`cat ${file}`, {
          collect: false,
          borrow: true,
          onStdout: (chunk) => {
            hash.update(chunk);
            memory.add(chunk.buffer);
            if (chunk.length > 20_000) pieces++;
            // Every so often the reader is slow: what comes meanwhile has to be kept somewhere.
            return pieces % 50 === 1 && wait > 0 ? new Promise((resolve) => setTimeout(resolve, wait)) : undefined;
          },
        });
        return { digest: hash.digest('hex'), lent: pieces - memory.size };
      }

      it('is right on several connections and channels at once, beside output that is kept', async () => {
        const kept = connections.map(async (connection) => {
          const result = await connection.exec(`cat ${file}; cat ${file} >&2`);
          return [sum(result.stdout), sum(result.stderr)];
        });
        const lent = connections.flatMap((connection) => [borrowed(connection, 0), borrowed(connection, 5)]);
        for (const sums of await Promise.all(kept)) assert.deepEqual(sums, [expected, expected]);
        for (const { digest } of await Promise.all(lent)) assert.equal(digest, expected);
      });

      it('works on as it did', async () => {
        const [connection] = connections;
        const result = await connection!.exec('cat; exit 3', { stdin: 'fed' });
        assert.deepEqual([result.rc, result.stdout.toString()], [3, 'fed']);
        const { digest, lent } = await borrowed(connection!, 0);
        assert.equal(digest, expected);
        if (config.length === 0) assert.ok(lent > 50, `only ${lent} pieces were lent`);
      });
    });
  }
});
