import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Respawn } from '../../src/supervisor/drivers/respawn.ts';
import { until } from './supervisor/namespaces.ts';

describe('programs that musterd keeps running', function () {
  this.timeout(60_000);
  let directory: string;
  const running: Respawn[] = [];
  before(() => {
    if (process.getuid?.() !== 0) throw new Error('these tests run programs as other users, which needs root');
    directory = mkdtempSync(join(tmpdir(), 'muster-respawn-'));
    chmodSync(directory, 0o777);
  });
  after(async () => {
    for (const program of running) await program.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A shell program of this user, what it was told, and the lines that it wrote to its file. */
  function respawn(name: string, user: string, script: string) {
    const file = join(directory, name);
    const told: string[] = [];
    const program = new Respawn({
      command: [user, '/bin/sh', '-c', script.replaceAll('FILE', file)],
      environment: { GREETING: 'hello' },
      say: (why) => told.push(why),
      warn: (why) => told.push(why),
      firstDelay: 20,
    });
    running.push(program);
    // Whole lines: the file is there before something is in it.
    const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
    return { program, told, lines };
  }

  it('run as the user of the line, with its variables, and start again when they exit', async () => {
    const { program, told, lines } = respawn('again', 'nobody', 'echo "$(id -un) $GREETING" >> FILE; exit 3');
    await program.start();
    await until(
      () => lines().length >= 3,
      () => told.join('\n'),
      20_000,
    );
    await program.stop();
    assert.deepEqual([...new Set(lines())], ['nobody hello']);
    assert.match(told[0]!, /^\/bin\/sh ended with code 3: it is started again in 20 ms$/);
    assert.match(told[1]!, /in 40 ms$/);
    const before = lines().length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(lines().length, before);
  });

  it('are not started again after code 100, as with heartbeat', async () => {
    const { program, told, lines } = respawn('once', 'root', 'echo ran >> FILE; exit 100');
    await program.start();
    await until(
      () => told.length > 0,
      () => lines().join('\n'),
      20_000,
    );
    assert.deepEqual(told, ['/bin/sh ended with code 100: it is not started again']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(lines(), ['ran']);
  });

  it('end with musterd', async () => {
    const { program, lines } = respawn('end', 'nobody', 'echo $$ >> FILE; exec sleep 1000');
    await program.start();
    await until(
      () => lines().length === 1,
      () => 'it did not start',
      20_000,
    );
    const pid = Number(lines()[0]);
    process.kill(pid, 0);
    await program.stop();
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
    assert.equal(lines().length, 1);
  });

  it('are not started where there is no such user', async () => {
    const { program, told } = respawn('nobody-there', 'no-such-user', 'true');
    await program.start();
    assert.deepEqual(told, ['/bin/sh is not started: there is no user "no-such-user"']);
  });
});
