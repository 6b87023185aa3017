import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import { type Access, type Questions, Secret } from '../../src/remote/secret.ts';
import type { Target, TransportName } from '../../src/remote/types.ts';
import { installPackages } from '../debian/installed.ts';
import { isGone, keygen, says, startSshd, type TestSshd } from './sshd.ts';

/** Answers in turn, and keeps what was asked. */
function person(...answers: string[]): { questions: Questions; asked: string[] } {
  const asked: string[] = [];
  const next = async (question: string): Promise<string> => {
    asked.push(question);
    const answer = answers.shift();
    if (answer === undefined) throw new Problem('usage', 'nobody answers');
    return answer;
  };
  return { asked, questions: { line: next, secret: async (question) => new Secret(await next(question)) } };
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Problem, inspect(error));
  return error;
}

const password = 'pass "w$rd"';

describe('remote: authentication', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  before(async () => {
    installPackages({ '/usr/bin/sudo': 'sudo', '/usr/bin/fish': 'fish', '/bin/tcsh': 'tcsh' });
    sshd = await startSshd({
      config: ['PasswordAuthentication yes'],
      matches: ['Match User both', '  AuthenticationMethods publickey,password'],
      accounts: [
        { name: 'alice', password, sudo: 'ALL=(ALL) ALL' },
        { name: 'both', password },
        { name: 'fishy', password, shell: '/usr/bin/fish', sudo: 'ALL=(ALL) NOPASSWD: ALL' },
        { name: 'cshy', password, shell: '/bin/tcsh', sudo: 'ALL=(ALL) ALL' },
        { name: 'nobodyin', password, shell: '/usr/sbin/nologin' },
      ],
    });
  });
  after(() => sshd.stop());

  const locked = (name: string): string => {
    const file = join(sshd.dir, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'phrase', '-f', file]);
    writeFileSync(join(sshd.dir, 'authorized_keys'), readFileSync(`${file}.pub`), { flag: 'a' });
    return file;
  };
  const as = (user: string, access: Access, changes: Partial<Target> = {}): Target =>
    sshd.target({ user, access, identityFiles: [], identityAgent: 'none', ...changes });
  const given: Access = { password: new Secret(password), sudoPassword: new Secret(password) };

  for (const transport of ['ssh2', 'openssh'] as TransportName[]) {
    describe(`by ${transport}`, () => {
      it('gets in with a password, and says when it is wrong without saying it', async () => {
        assert.equal(await says(as('alice', given, { transport }), 'id -un'), 'alice\n');
        const wrong = { password: new Secret('not it') };
        const problem = await problemOf(connect(as('alice', wrong, { transport })));
        assert.equal(problem.reason, 'hostUnreachable');
        assert.match(problem.message, /"alice" must be let in: .*refused/);
        assert.ok(!inspect(problem).includes('not it'));
      });

      it('gets in where a key and a password are asked for', async () => {
        assert.equal(
          await says(as('both', given, { transport, identityFiles: [join(sshd.dir, 'id')] }), 'id -un'),
          'both\n',
        );
      });

      it('asks once for the passphrase of a key, for all hosts, and again when it was wrong', async () => {
        const file = locked(`locked-${transport}`);
        const somebody = person('wrong', 'phrase');
        const hosts = Array.from({ length: 5 }, () =>
          as('alice', { questions: somebody.questions }, { transport, identityFiles: [file] }),
        );
        // One after another for OpenSSH, whose processes do not know of each other which answer was wrong.
        const first = await says(hosts[0]!);
        const rest = await Promise.all(hosts.slice(1).map((target) => says(target)));
        assert.deepEqual([first, ...rest], ['in\n', 'in\n', 'in\n', 'in\n', 'in\n']);
        assert.equal(somebody.asked.length, 2);
        assert.ok(somebody.asked[0]!.includes(file));
      });

      it('works as root where sudo wants a password', async () => {
        const target = as('alice', given, { transport });
        const connection = await connect(target);
        try {
          const worker = await connection.worker({ become: true });
          const result = await worker.run('id -un; echo err >&2');
          assert.deepEqual([result.stdout.toString(), result.stderr.toString()], ['root\n', 'err\n']);
          const late = await worker.run('echo $$; exec sleep 300', { timeoutMs: 300 });
          assert.ok(late.timedOut && (await isGone(Number(late.stdout.toString()))));
          assert.equal((await connection.exec('id -un; echo err >&2', { as: 'root' })).stdout.toString(), 'root\n');
          assert.equal((await connection.exec('cat', { as: 'root', stdin: 'fed\n' })).stdout.toString(), 'fed\n');
          const path = join(sshd.dir, `put-${transport}`);
          await connection.putFile(path, Buffer.from('content'), { mode: 0o600, owner: 'root', become: true });
          assert.equal(readFileSync(path, 'utf8'), 'content');
          const shown = (await worker.run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'")).stdout;
          assert.ok(!shown.includes(password), 'no process shows the password');
        } finally {
          await connection.close();
        }
      });
    });
  }

  it('says that the password for sudo is wrong, or missing', async () => {
    const connection = await connect(as('alice', { ...given, sudoPassword: new Secret('not it') }));
    const problem = await problemOf(connection.worker({ become: true }));
    assert.equal(problem.reason, 'hostFailed');
    assert.match(problem.message, /sudo must take the password of "alice": it was refused/);
    assert.equal((await connection.exec('echo on')).stdout.toString(), 'on\n');
    await connection.close();
    const without = await connect(as('alice', { password: given.password }));
    assert.match((await problemOf(without.worker({ become: true }))).hint ?? '', /-K/);
    await without.close();
    const both = await connect(as('both', given, { identityFiles: [join(sshd.dir, 'id')] }));
    assert.match((await problemOf(both.worker({ become: true }))).message, /sudo must take the password of "both": /);
    await both.close();
  });

  it('does not hand the password to a command where sudo asks for none', async () => {
    const connection = await connect(as('fishy', given));
    const result = await connection.exec('cat; id -un', { as: 'root', stdin: 'fed\n' });
    assert.equal(result.stdout.toString(), 'fed\nroot\n');
    const worker = await connection.worker({ become: true });
    assert.deepEqual((await worker.run('id -un')).stderr.toString(), '');
    await connection.close();
  });

  it('answers a keyboard-interactive host with the password', async () => {
    const pam = await startSshd({
      config: ['UsePAM yes', 'KbdInteractiveAuthentication yes'],
      accounts: [{ name: 'alice', password }],
    });
    try {
      const target = (access: Access): Target => pam.target({ user: 'alice', identityFiles: [], access });
      // Who logs in through PAM in a container may not get a session; that the answer was taken is what counts here.
      const log = (): string => readFileSync(join(pam.dir, 'log'), 'utf8');
      await says(target(given)).catch(() => {});
      assert.match(log(), /Accepted keyboard-interactive\/pam for alice/);
      const problem = await problemOf(says(target({ password: new Secret('not it') })));
      assert.match(problem.message, /it refused the password/);
    } finally {
      await pam.stop();
    }
  });

  it('asks nobody where an agent has the encrypted key, named by its file', async () => {
    const file = locked('in-agent');
    const socket = join(sshd.dir, 'agent');
    const started = execFileSync('ssh-agent', ['-a', socket, '-s'], { encoding: 'utf8' });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)![1]);
    try {
      const open = join(sshd.dir, 'opened');
      copyFileSync(file, open);
      execFileSync('ssh-keygen', ['-q', '-p', '-P', 'phrase', '-N', '', '-f', open]);
      for (const other of ['other1', 'other2', 'other3', 'other4', 'other5', 'other6']) {
        keygen(join(sshd.dir, other));
        execFileSync('ssh-add', ['-q', join(sshd.dir, other)], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      }
      execFileSync('ssh-add', ['-q', open], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      // More keys than sshd lets anybody try (MaxAuthTries): the one that is named has to come first.
      const target = as('alice', {}, { identityFiles: [file], identityAgent: socket, identitiesOnly: false });
      assert.equal(await says(target), 'in\n');
      assert.equal(await says({ ...target, identitiesOnly: true }), 'in\n');
      const forwarding = 'ssh-add -l >/dev/null 2>&1 && echo has || echo none';
      assert.equal(await says(target, forwarding), 'none\n', 'the agent stays here');
      assert.equal(await says({ ...target, forwardAgent: true }, forwarding), 'has\n');
      const identityFiles = [open];
      const byOpenSsh = { ...target, identityFiles, transport: 'openssh', identitiesOnly: true } as const;
      assert.equal(await says(byOpenSsh, forwarding), 'none\n');
      assert.equal(await says({ ...byOpenSsh, forwardAgent: true }, forwarding), 'has\n');
    } finally {
      process.kill(pid);
    }
  });

  it('goes on with other keys where the agent is gone', async () => {
    const target = as('alice', {}, { identityFiles: [join(sshd.dir, 'id')], identitiesOnly: false });
    assert.equal(await says({ ...target, identityAgent: join(sshd.dir, 'no-agent') }), 'in\n');
  });

  it('works with fish and csh as login shells, and says what nologin says', async () => {
    for (const user of ['fishy', 'cshy']) {
      const connection = await connect(as(user, given));
      const worker = await connection.worker();
      assert.equal((await worker.run("echo 'a b' $((1 + 1))")).stdout.toString(), 'a b 2\n', user);
      const root = await connection.worker({ become: true });
      assert.equal((await root.run('id -un')).stdout.toString(), 'root\n', user);
      const path = join(sshd.dir, `home-${user}`, "it's $HOME");
      await connection.putFile(path, Buffer.from(user), { mode: 0o600 });
      assert.equal(readFileSync(path, 'utf8'), user);
      const late = await connection.exec('echo begun; sleep 300', { timeoutMs: 500 });
      assert.deepEqual([late.timedOut, late.stdout.toString()], [true, 'begun\n'], user);
      await connection.close();
    }
    const closed = await connect(as('nobodyin', given));
    assert.match(
      (await problemOf(closed.worker())).message,
      /must start \/bin\/sh: This account is currently not avail/,
    );
    await closed.close();
  });

  it('keeps secrets out of whatever is printed', () => {
    const target = as('alice', given);
    for (const text of [inspect(target, { depth: 9 }), JSON.stringify(target), `${given.password}`]) {
      assert.ok(!text.includes('w$rd'), text);
    }
  });
});
