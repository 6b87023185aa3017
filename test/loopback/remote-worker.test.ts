import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import { login } from '../../src/remote/login.ts';
import { ConnectionLost } from '../../src/remote/problems.ts';
import type { Connection, Worker } from '../../src/remote/types.ts';
import { ShellWorker } from '../../src/remote/worker.ts';
import { isGone, startSshd, type TestSshd } from './sshd.ts';

describe('remote: worker', function () {
  this.timeout(30_000);
  let sshd: TestSshd;
  let connection: Connection;
  let worker: Worker;
  before(async () => {
    sshd = await startSshd();
    connection = await connect(sshd.target());
    worker = await connection.worker();
  });
  after(async () => {
    await connection?.close();
    await sshd.stop();
  });

  async function run(program: string, stdin?: Buffer | string): Promise<[number | null, string, string]> {
    const result = await worker.run(program, { stdin });
    return [result.rc, result.stdout.toString(), result.stderr.toString()];
  }

  it('gives exit code, output and error output of each program back', async () => {
    assert.deepEqual(await run('echo out; echo err >&2; exit 3'), [3, 'out\n', 'err\n']);
    assert.deepEqual(await run('printf "no newline"; printf "here neither" >&2'), [0, 'no newline', 'here neither']);
    assert.deepEqual(await run(''), [0, '', '']);
    assert.deepEqual(await run('# only a comment'), [0, '', '']);
    assert.deepEqual(await run('false\n\n# ends with a comment'), [1, '', '']);
  });

  it('keeps nothing from one program to the next', async () => {
    const home = (await run('pwd'))[1];
    await run('cd /; export LEFT=1; umask 0; trap "echo trapped" EXIT; set -ex; alias echo=false; pwd() { :; }');
    await run('exec 1>&- 2>&-');
    await run('exec true');
    assert.deepEqual(await run('echo $LEFT $- | grep -c -e x -e 1; pwd; umask'), [
      0,
      `0\n${home}${(await run('umask'))[1]}`,
      '',
    ]);
  });

  it('survives syntax errors, and what looks like the end of a program', async () => {
    for (const program of ['if then', 'echo "', ') ; echo out (', 'cat <<E\nno end', '}', "echo 'it''s' \\"]) {
      const [rc] = await run(program);
      assert.notEqual(rc, null, program);
      assert.deepEqual(await run('echo still here'), [0, 'still here\n', ''], program);
    }
    assert.deepEqual(await run("cat <<'E'\n$x 'q' \\\nE\necho done"), [0, "$x 'q' \\\ndone\n", '']);
  });

  it('refuses a program with a NUL byte, and goes on', async () => {
    await assert.rejects(worker.run('echo a\0b'), RangeError);
    assert.deepEqual(await run('echo on'), [0, 'on\n', '']);
  });

  it('feeds a program any bytes, and nothing where there are none', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
    const result = await worker.run('cat', { stdin: bytes });
    assert.ok(result.stdout.equals(bytes));
    assert.deepEqual(await run('cat'), [0, '', '']);
    assert.deepEqual(await run('read -r line; echo "$line"', 'one\ntwo\n'), [0, 'one\n', '']);
    assert.deepEqual(await run('exit 4', bytes), [4, '', ''], 'a program that does not read');
    assert.deepEqual(await run('wc -c', 'no newline'), [0, '10\n', '']);
  });

  it('gives 10 MB of binary output back whole', async () => {
    const result = await worker.run('head -c 10000000 /dev/urandom | tee /dev/stderr | sha256sum');
    assert.equal(createHash('sha256').update(result.stderr).digest('hex'), result.stdout.toString().split(' ')[0]);
    assert.equal(result.stderr.length, 10_000_000);
    const both = await worker.run(
      `LC_ALL=C awk 'BEGIN { for (i = 0; i < 200000; i++) print "line " i }' | tee /dev/stderr`,
    );
    assert.equal(both.stdout.length, both.stderr.length);
    assert.ok(both.stdout.equals(both.stderr));
    assert.equal(both.stdout.toString().split('\n').length, 200_001);
  });

  it('streams output while the program runs', async () => {
    const seen: string[] = [];
    let early = 0;
    await worker.run('echo one; sleep 1; echo two', {
      onStdout: (chunk) => {
        seen.push(chunk.toString());
        if (seen.length === 1) early = performance.now();
      },
    });
    assert.deepEqual(seen, ['one\n', 'two\n']);
    assert.ok(performance.now() - early >= 250, 'the first line came before the second was written');
  });

  it('runs concurrent calls in their order', async () => {
    const results = await Promise.all(Array.from({ length: 30 }, (_, index) => run(`echo ${index}; exit ${index}`)));
    assert.deepEqual(
      results.map(([rc, out]) => [rc, out]),
      Array.from({ length: 30 }, (_, index) => [index, `${index}\n`]),
    );
  });

  it('ends a program with its children when its time is over, and works on', async () => {
    const result = await worker.run('echo begun; sleep 300 & echo $!; echo $$; sleep 301', { timeoutMs: 300 });
    assert.deepEqual([result.rc, result.signal, result.timedOut], [null, 'SIGTERM', true]);
    const [begun, child] = result.stdout.toString().split('\n');
    assert.equal(begun, 'begun');
    assert.ok(await isGone(Number(child)));
    assert.deepEqual(await run('echo on'), [0, 'on\n', '']);
  });

  it('kills a program that will not end', async () => {
    const result = await worker.run('trap "" TERM HUP; sh -c "echo \\$PPID"; while :; do sleep 1; done', {
      timeoutMs: 200,
    });
    assert.equal(result.timedOut, true);
    assert.ok(await isGone(Number(result.stdout.toString())));
    assert.deepEqual(await run('echo on'), [0, 'on\n', '']);
  });

  it('starts again where a program kills the shell', async () => {
    const result = await worker.run('echo last; kill -9 $$');
    assert.deepEqual([result.rc, result.signal], [null, 'SIGKILL']);
    assert.deepEqual(await run('echo on'), [0, 'on\n', '']);
  });

  it('ends the program on Ctrl-C, and rejects as interrupted', async () => {
    const controller = new AbortController();
    let pid = 0;
    const running = worker.run('echo $$; exec sleep 300', {
      signal: controller.signal,
      onStdout: (chunk) => {
        pid = Number(chunk.toString());
        controller.abort();
      },
    });
    const waiting = worker.run('echo never', { signal: controller.signal });
    const isInterrupted = (error: unknown): boolean => error instanceof Problem && error.reason === 'interrupted';
    await assert.rejects(running, isInterrupted);
    await assert.rejects(waiting, isInterrupted);
    assert.ok(await isGone(pid));
    assert.deepEqual(await run('echo on'), [0, 'on\n', '']);
  });

  it('leaves no process behind when it is closed', async () => {
    const own = await connection.worker();
    const pid = Number((await own.run('echo $$')).stdout.toString());
    await own.close();
    assert.ok(await isGone(pid));
    await assert.rejects(own.run('true'), /closed/);
  });

  it('shows nowhere where its frames end', async () => {
    const own = await connection.worker();
    const { stdout } = await own.run('set; env; export -p; cat /proc/$$/cmdline; cat /proc/$$/environ', {});
    for (const sign of ['\u001e', '\\036']) assert.ok(!stdout.includes(sign));
    await own.close();
  });

  it('swallows what a login shell prints before it hands over', async () => {
    const profile = join(sshd.dir, 'noisy');
    writeFileSync(profile, 'echo "Welcome to this host"; echo "Be nice" >&2\n');
    const noisy = await startSshd({ env: { BASH_ENV: profile } });
    try {
      const other = await connect(noisy.target());
      const result = await (await other.worker()).run('unset BASH_ENV; echo mine; echo own >&2');
      assert.deepEqual([result.stdout.toString(), result.stderr.toString()], ['mine\n', 'own\n']);
      await other.close();
    } finally {
      await noisy.stop();
    }
  });

  it('says so where the login shell does not let it work', async () => {
    const closed = await startSshd({ config: ['ForceCommand echo "This account is not available."; exit 1'] });
    try {
      const other = await connect(closed.target());
      await assert.rejects(other.worker(), (error: Problem) => {
        assert.equal(error.reason, 'hostFailed');
        assert.match(error.message, /must start \/bin\/sh: This account is not available\./);
        return true;
      });
      await other.close();
    } finally {
      await closed.stop();
    }
  });

  it('becomes root through sudo without a password, or says that it cannot', async () => {
    const bin = join(sshd.dir, 'bin');
    mkdirSync(bin);
    const asked = join(sshd.dir, 'sudo-asked');
    const sudo = (text: string): void => {
      writeFileSync(join(bin, 'sudo'), `#!/bin/sh\necho "$*" >>${asked}\n${text}\n`);
      chmodSync(join(bin, 'sudo'), 0o755);
    };
    const other = await startSshd({ env: { PATH: `${bin}:/usr/bin:/bin` } });
    try {
      const session = await login(other.target());
      sudo('while [ "$1" != -- ]; do shift; done; shift; BECAME=root exec "$@"');
      const root = new ShellWorker(session, true);
      assert.equal((await root.run('echo $BECAME')).stdout.toString(), 'root\n');
      const late = await root.run('sleep 300', { timeoutMs: 200 });
      assert.equal(late.timedOut, true);
      assert.equal(readFileSync(asked, 'utf8').split('\n')[0], '-n -H -- /bin/sh');
      assert.match(readFileSync(asked, 'utf8').split('\n')[1]!, /^-n -- \/bin\/sh -c all=-\d+; kill -s TERM /);
      await root.close();
      sudo('echo "sudo: a password is required" >&2; exit 1');
      await assert.rejects(new ShellWorker(session, true).start(), (error: Problem) => {
        assert.match(
          error.message,
          /Cannot become root on host "node1" as sudo must let .*: sudo: a password is required/,
        );
        return true;
      });
      await session.transport.end();
    } finally {
      await other.stop();
    }
  });
});

describe('remote: a connection that is lost', function () {
  this.timeout(40_000);
  let sshd: TestSshd;
  beforeEach(async () => {
    sshd = await startSshd();
  });
  afterEach(() => sshd.stop());

  /** The sshd process of the session that runs `program`'s shell: its grandparent or above, below the daemon. */
  async function sessionPid(worker: Worker): Promise<number> {
    let pid = Number((await worker.run('echo $PPID')).stdout.toString());
    for (;;) {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
      if (parent === sshd.pid) return pid;
      pid = parent;
    }
  }

  it('is reported with what was received, to all who wait', async () => {
    const connection = await connect(sshd.target());
    const worker = await connection.worker();
    const pid = await sessionPid(worker);
    const isLost = (out: string) => (error: unknown) => {
      assert.ok(error instanceof ConnectionLost, String(error));
      assert.equal(error.reason, 'hostUnreachable');
      assert.match(error.message, /^Cannot reach host "node1" as the connection must last: /);
      assert.equal(error.stdout.toString(), out);
      return true;
    };
    // Under way before the connection is lost: what could not begin has received nothing, and says so otherwise.
    let command: Promise<unknown> | undefined;
    await new Promise<void>((resolve) => {
      command = connection.exec('echo begun; sleep 301', { onStdout: () => resolve() });
      command.catch(() => {});
    });
    const running = worker.run('echo so far; sleep 300', { onStdout: () => process.kill(pid, 'SIGKILL') });
    const queued = worker.run('echo later');
    await Promise.all([
      assert.rejects(running, isLost('so far\n')),
      assert.rejects(command!, isLost('begun\n')),
      assert.rejects(queued, Problem),
    ]);
    await assert.rejects(worker.run('true'), Problem);
    await assert.rejects(connection.exec('true'), Problem);
    await assert.rejects(connection.putFile('/tmp/never', Buffer.from('x'), { mode: 0o600 }), Problem);
    await assert.rejects(
      connection.reverseTunnel(() => {}),
      Problem,
    );
    await worker.close();
    await connection.close();
  });

  it('is noticed where the host falls silent', async () => {
    const connection = await connect(sshd.target());
    const worker = await connection.worker();
    const pid = await sessionPid(worker);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    const stopped = [pid, ...children.filter((child) => child > 0)];
    for (const one of stopped) process.kill(one, 'SIGSTOP');
    try {
      const started = performance.now();
      await assert.rejects(worker.run('echo never'), /the connection must last: it has not answered for 8 s/);
      assert.ok(performance.now() - started < 15_000);
    } finally {
      for (const one of stopped) process.kill(one, 'SIGCONT');
    }
  });
});
