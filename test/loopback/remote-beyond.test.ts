/** Where ssh2 does not get in and OpenSSH may: nobody has to choose the transport. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import { agentKeyTypes } from '../../src/remote/key-agents.ts';
import { type Questions, Secret } from '../../src/remote/secret.ts';
import { keygen, says, startSshd, type TestSshd } from './sshd.ts';

describe('remote: beyond ssh2', function () {
  this.timeout(60_000);

  it('a host with no algorithm but post-quantum ones is reached, unless ssh2 was chosen', async () => {
    const sshd = await startSshd({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] });
    try {
      assert.equal(await says(sshd.target()), 'in\n');
      await assert.rejects(connect(sshd.target({ transport: 'ssh2' })), /an algorithm that OpenSSH still accepts/);
    } finally {
      await sshd.stop();
    }
  });

  it('a certificate that only the agent has gets in', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'muster-beyond-'));
    const socket = join(dir, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    let sshd: TestSshd | undefined;
    try {
      keygen(join(dir, 'ca'));
      keygen(join(dir, 'own'));
      sshd = await startSshd({ config: [`TrustedUserCAKeys ${dir}/ca.pub`] });
      const { user } = sshd.target();
      execFileSync('ssh-keygen', ['-q', '-s', join(dir, 'ca'), '-I', 'test', '-n', user, join(dir, 'own.pub')]);
      for (const deadline = Date.now() + 20_000; !existsSync(socket) && Date.now() < deadline; )
        await new Promise((resolve) => setTimeout(resolve, 20));
      execFileSync('ssh-add', ['-q', join(dir, 'own')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      rmSync(join(dir, 'own'));
      rmSync(join(dir, 'own-cert.pub'));
      assert.deepEqual((await agentKeyTypes(socket)).toSorted(), ['ssh-ed25519', 'ssh-ed25519-cert-v01@openssh.com']);
      const target = sshd.target({ identityFiles: [], identitiesOnly: false, identityAgent: socket });
      assert.equal(await says(target), 'in\n');
      await assert.rejects(connect({ ...target, transport: 'ssh2' }), /it refused the agent/);
    } finally {
      agent.kill();
      await sshd?.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('nobody is asked for a password that was not given, nor for another than that', async () => {
    const account = { name: 'alice', password: 'right one' };
    const sshd = await startSshd({ config: ['PasswordAuthentication yes'], accounts: [account] });
    const asked: string[] = [];
    const answer = async (question: string): Promise<string> => {
      asked.push(question);
      return 'typed';
    };
    const questions: Questions = { line: answer, secret: async (question) => new Secret(await answer(question)) };
    try {
      const target = sshd.target({ user: 'alice', identityFiles: [], identityAgent: 'none', transport: 'openssh' });
      for (const password of [undefined, new Secret('wrong one')]) {
        await assert.rejects(connect({ ...target, access: { questions, password } }), (error: Problem) => {
          assert.equal(error.reason, 'hostUnreachable');
          assert.ok(!inspect(error).includes('wrong one'));
          return true;
        });
      }
      assert.deepEqual(asked, []);
      assert.match(readFileSync(join(sshd.dir, 'log'), 'utf8'), /Failed password for alice/);
    } finally {
      await sshd.stop();
    }
  });

  it('an agent that is none has no keys', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'muster-beyond-'));
    try {
      assert.deepEqual(await agentKeyTypes(join(dir, 'nothing')), []);
      const talker = spawn('perl', [
        '-e',
        'use IO::Socket::UNIX; $s=IO::Socket::UNIX->new(Local=>$ARGV[0],Listen=>1); $|=1; print "up\n"; $c=$s->accept; print $c "garbage, and more of it"; sleep 30',
        join(dir, 'talks'),
      ]);
      try {
        await once(talker.stdout, 'data');
        assert.deepEqual(await agentKeyTypes(join(dir, 'talks')), []);
      } finally {
        talker.kill();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
