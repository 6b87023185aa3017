import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import type { Connection } from '../../src/remote/types.ts';
import { startSshd, type TestSshd } from './sshd.ts';

describe('remote: putFile', function () {
  this.timeout(30_000);
  let sshd: TestSshd;
  let connection: Connection;
  let place: string;
  let turn = 0;
  before(async () => {
    sshd = await startSshd();
    connection = await connect(sshd.target());
  });
  after(async () => {
    await connection?.close();
    await sshd.stop();
  });
  beforeEach(() => {
    place = join(sshd.dir, `place-${++turn}`);
    mkdirSync(place);
  });

  /** Rejects as failed, with a message that fits. */
  async function assertFails(path: string, content: Buffer, seen: RegExp): Promise<void> {
    await assert.rejects(connection.putFile(path, content, { mode: 0o600 }), (error: Problem) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.reason, 'hostFailed');
      assert.match(error.message, /^Cannot write ".*" on host "node1" as /s);
      assert.match(error.message, seen);
      return true;
    });
  }

  it('writes content, mode and owner, whatever is in the name', async () => {
    const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 256));
    for (const name of ['plain', 'it\'s $HOME `id` \\ "x"; *', '-rf', '.hidden', 'ü', 'n'.repeat(240)]) {
      const path = join(place, name);
      await connection.putFile(path, content, { mode: 0o640 });
      assert.ok(readFileSync(path).equals(content), name);
      assert.equal(statSync(path).mode & 0o7777, 0o640);
    }
    if (process.getuid?.() === 0) {
      await connection.putFile(join(place, 'owned'), content, { mode: 0o4751, owner: 'daemon', group: 'adm' });
      const { mode, uid } = statSync(join(place, 'owned'));
      assert.deepEqual([mode & 0o7777, uid], [0o4751, 1]);
    }
    assert.equal(readdirSync(place).length, process.getuid?.() === 0 ? 7 : 6, 'nothing is left beside them');
  });

  it('takes an empty file, and 5 MB', async () => {
    await connection.putFile(join(place, 'empty'), Buffer.alloc(0), { mode: 0o600 });
    assert.equal(statSync(join(place, 'empty')).size, 0);
    const big = Buffer.alloc(5_000_000, 'muster\n');
    await connection.putFile(join(place, 'big'), big, { mode: 0o600 });
    assert.ok(readFileSync(join(place, 'big')).equals(big));
  });

  it('replaces a file in one step: an open reader keeps the old one, a link is replaced and not followed', async () => {
    const path = join(place, 'file');
    writeFileSync(path, 'old');
    symlinkSync(path, join(place, 'link'));
    const inode = statSync(path).ino;
    await connection.putFile(path, Buffer.from('new'), { mode: 0o600 });
    assert.notEqual(statSync(path).ino, inode);
    await connection.putFile(join(place, 'link'), Buffer.from('own'), { mode: 0o600 });
    assert.equal(readFileSync(path, 'utf8'), 'new');
    assert.equal(readFileSync(join(place, 'link'), 'utf8'), 'own');
  });

  it('refuses what is no place for a file, and leaves nothing', async () => {
    await assertFails(join(place, 'missing', 'file'), Buffer.from('x'), /No such file or directory/);
    await assertFails(place, Buffer.from('x'), /it is a directory/);
    await assertFails('relative', Buffer.from('x'), /must be absolute/);
    await assertFails(join(place, 'two\nlines'), Buffer.from('x'), /one line/);
    await assert.rejects(
      connection.putFile(join(place, 'file'), Buffer.from('x'), { mode: 0o600, owner: 'no-such-user' }),
      /no-such-user/,
    );
    assert.deepEqual(readdirSync(place), []);
  });

  it('leaves the old file and nothing beside it where the disk is full', async function () {
    assert.equal(process.getuid?.(), 0, 'a small file system needs root');
    this.timeout(20_000);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'muster-test', place]);
    try {
      const path = join(place, 'file');
      writeFileSync(path, 'old');
      await assertFails(path, Buffer.alloc(1_000_000), /No space left on device/);
      assert.deepEqual(readdirSync(place), ['file']);
      assert.equal(readFileSync(path, 'utf8'), 'old');
      assert.equal((await connection.exec('echo alive')).stdout.toString(), 'alive\n');
    } finally {
      execFileSync('umount', [place]);
    }
  });

  it('puts nothing half in place where the connection ends in the middle', async () => {
    const other = await connect(sshd.target());
    const path = join(place, 'file');
    writeFileSync(path, 'old');
    const writing = other.putFile(path, Buffer.alloc(60_000_000, 1), { mode: 0o600 });
    const failed = assert.rejects(writing, (error: Problem) => error.reason === 'hostUnreachable');
    for (let wait = 0; readdirSync(place).length < 2 && wait < 4000; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(readdirSync(place).length, 2, 'it has begun beside the place');
    await other.close();
    await failed;
    for (let wait = 0; readdirSync(place).length > 1 && wait < 2000; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(readdirSync(place), ['file']);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.ok(existsSync(path));
  });
});
