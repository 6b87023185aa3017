import assert from 'node:assert/strict';
import { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import { forEachHost } from '../../src/remote/pool.ts';
import type { Target } from '../../src/remote/types.ts';
import { freePort, isGone, startSshd, type TestSshd } from './sshd.ts';

describe('remote: many hosts, and commands in channels of their own', function () {
  this.timeout(30_000);
  let sshd: TestSshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.stop());
  const hosts = (count: number): Target[] =>
    Array.from({ length: count }, (_, index) => sshd.target({ name: `node${index + 1}` }));

  it('tells ok, failed and unreachable apart, in the order of the targets', async () => {
    const targets = [...hosts(3), sshd.target({ name: 'gone', port: await freePort() })];
    const ended: string[] = [];
    const outcomes = await forEachHost(
      targets,
      { forks: 10, onOutcome: (outcome) => ended.push(outcome.target.name) },
      async (connection, target) => {
        if (target.name === 'node2') throw new Problem('hostFailed', 'node2 has no space left');
        return (await connection.exec(`echo ${target.name}`)).stdout.toString();
      },
    );
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.target.name, outcome.state]),
      [
        ['node1', 'ok'],
        ['node2', 'failed'],
        ['node3', 'ok'],
        ['gone', 'unreachable'],
      ],
    );
    assert.deepEqual([...ended].sort(), ['gone', 'node1', 'node2', 'node3']);
    const [first, second] = outcomes;
    assert.ok(first?.state === 'ok' && first.value === 'node1\n');
    assert.ok(second?.state === 'failed' && second.problem.message === 'node2 has no space left');
  });

  it('never works on more hosts at once than it may, and on that many', async () => {
    let now = 0;
    let most = 0;
    await forEachHost(hosts(7), { forks: 3 }, async (connection) => {
      most = Math.max(most, ++now);
      await connection.exec('sleep 0.2');
      now--;
    });
    assert.equal(most, 3);
  });

  it('shows a defect, after the other hosts have ended', async () => {
    const done: string[] = [];
    await assert.rejects(
      forEachHost(hosts(3), { forks: 3 }, async (_, target) => {
        if (target.name === 'node1') throw new TypeError('a defect');
        done.push(target.name);
      }),
      TypeError,
    );
    assert.deepEqual(done.sort(), ['node2', 'node3']);
  });

  it('on Ctrl-C ends what runs, begins nothing more, and says so of each host', async () => {
    const controller = new AbortController();
    const pids: number[] = [];
    const outcomes = await forEachHost(hosts(4), { forks: 2, signal: controller.signal }, (connection) =>
      connection.exec('echo $$; exec sleep 300', {
        signal: controller.signal,
        onStdout: (chunk) => {
          if (pids.push(Number(chunk.toString())) === 2) controller.abort();
        },
      }),
    );
    assert.deepEqual(
      outcomes.map((outcome) => outcome.state),
      Array(4).fill('interrupted'),
    );
    assert.equal(pids.length, 2);
    for (const pid of pids) assert.ok(await isGone(pid), 'the command has ended on the host too');
  });

  it('survives forty logins at an sshd that drops them (MaxStartups)', async () => {
    const busy = await startSshd({ config: ['MaxStartups 4:50:10'] });
    try {
      const targets = Array.from({ length: 40 }, (_, index) =>
        busy.target({ name: `node${index}`, connectTimeoutMs: 20_000 }),
      );
      const outcomes = await forEachHost(
        targets,
        { forks: 40 },
        async (connection) => (await connection.exec('true')).rc,
      );
      assert.deepEqual(
        outcomes.filter((outcome) => outcome.state !== 'ok'),
        [],
      );
    } finally {
      await busy.stop();
    }
  });

  it('gives exit code, signal and streams of a command, with a pty where that is asked for', async () => {
    const connection = await connect(sshd.target());
    const plain = await connection.exec('cat; echo err >&2; test -t 0 || exit 5', { stdin: 'in' });
    assert.deepEqual([plain.rc, plain.stdout.toString(), plain.stderr.toString()], [5, 'in', 'err\n']);
    const pty = await connection.exec('test -t 0 && test -t 1 && echo terminal', { pty: true });
    assert.deepEqual([pty.rc, pty.stdout.toString()], [0, 'terminal\r\n']);
    const killed = await connection.exec('kill -KILL $$');
    assert.deepEqual([killed.rc, killed.signal], [null, 'SIGKILL']);
    const late = await connection.exec('echo so far; exec sleep 300', { timeoutMs: 300 });
    assert.deepEqual([late.rc, late.timedOut, late.stdout.toString()], [null, true, 'so far\n']);
    await connection.close();
  });

  it('ends the one command that is out of time, and neither the worker nor a command beside it', async () => {
    const connection = await connect(sshd.target());
    const worker = await connection.worker();
    const long = worker.run('sleep 1; echo worked');
    const late = await connection.exec('trap "" TERM; echo $$; sleep 301; sleep 302', { timeoutMs: 300 });
    assert.equal(late.timedOut, true);
    assert.ok(await isGone(Number(late.stdout.toString())));
    assert.equal((await long).stdout.toString(), 'worked\n');
    const beside = connection.exec('sleep 4; echo beside');
    assert.equal((await connection.exec('sleep 303', { timeoutMs: 200 })).timedOut, true);
    assert.equal((await beside).stdout.toString(), 'beside\n');
    await connection.close();
  });

  it('says so where sshd gives no more channels', async () => {
    const narrow = await startSshd({ config: ['MaxSessions 1'] });
    try {
      const connection = await connect(narrow.target());
      const worker = await connection.worker();
      await assert.rejects(
        connection.exec('true'),
        (error: Problem) => error.reason === 'hostFailed' && /MaxSessions/.test(error.hint ?? ''),
      );
      assert.equal((await worker.run('echo on')).stdout.toString(), 'on\n');
      await connection.close();
    } finally {
      await narrow.stop();
    }
  });
});
