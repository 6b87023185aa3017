import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../src/base/problem.ts';
import { credentialsFor } from '../../../src/remote/credentials.ts';
import type { LockedKey } from '../../../src/remote/key-agents.ts';
import { refusedLogin } from '../../../src/remote/login-errors.ts';
import { type Questions, Secret } from '../../../src/remote/secret.ts';
import type { Target } from '../../../src/remote/types.ts';
import { unlock } from '../../../src/remote/unlock.ts';

describe('an encrypted key', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-unlock-'));
    for (const name of ['one', 'other']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-a', '1', '-N', name, '-C', name, '-f', join(folder, name)]);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function person(...answers: string[]): { questions: Questions; asked: string[] } {
    const asked: string[] = [];
    const secret = async (question: string): Promise<Secret> => {
      asked.push(question);
      return new Secret(answers[asked.length - 1] ?? '');
    };
    return { questions: { secret, line: async () => '' }, asked };
  }

  it('is asked for once, by all who need it, and again where the file is another', async () => {
    const file = join(folder, 'key');
    const text = readFileSync(join(folder, 'one'));
    const somebody = person('wrong', 'one');
    const keys = await Promise.all([1, 2, 3].map(() => unlock(file, text, somebody.questions)));
    assert.deepEqual(
      keys.map((key) => key.isPrivateKey()),
      [true, true, true],
    );
    assert.equal(somebody.asked.length, 2);
    const nobody = person();
    assert.equal(await unlock(file, Buffer.from(text), nobody.questions), keys[0]);
    assert.deepEqual(nobody.asked, []);
    const next = person('other');
    const other = await unlock(file, readFileSync(join(folder, 'other')), next.questions);
    assert.ok(!other.getPublicSSH().equals(keys[0]!.getPublicSSH()), 'the key that lay there before');
    assert.equal(next.asked.length, 1);
  });

  it('that nobody opens is refused to all of a run without another question', async () => {
    const file = join(folder, 'refused');
    const text = readFileSync(join(folder, 'one'));
    const somebody = person('no', 'nor this', 'never');
    await assert.rejects(unlock(file, text, somebody.questions), /its passphrase must be right: it was not/);
    await assert.rejects(unlock(file, text, somebody.questions), /its passphrase must be right: it was not/);
    assert.equal(somebody.asked.length, 3);
  });

  it('that nobody opens is no key that the host refused', async () => {
    const secret = async (): Promise<Secret> => {
      throw new Problem('usage', 'nobody is there to answer');
    };
    const file = join(folder, 'one');
    const target: Target = {
      name: 'node1',
      address: '127.0.0.1',
      port: 22,
      user: 'somebody',
      identityFiles: [file],
      identitiesOnly: true,
      identityAgent: 'none',
      knownHostsFiles: [],
      hostKeyChecking: 'off',
      connectTimeoutMs: 1000,
      dial: undefined,
      access: { questions: { secret, line: async () => '' } },
    };
    const credentials = await credentialsFor(target, (asking) => asking);
    assert.match(refusedLogin(target, credentials).message, /it refused the key \S+one$/);
    const [method] = credentials.methods as readonly unknown[] as readonly { agent: LockedKey }[];
    for (let host = 0; host < 2; host++) {
      const error = await new Promise((resolve) =>
        method!.agent.sign(undefined as never, Buffer.from('x'), (seen) => resolve(seen)),
      );
      assert.match(String(error), /nobody is there/);
    }
    const { message } = refusedLogin(target, credentials);
    assert.match(message, /there is no key to try; not usable is \S+one: it is encrypted\. nobody is there to answer$/);
  });
});
