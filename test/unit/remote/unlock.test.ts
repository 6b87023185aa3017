import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Questions, Secret } from '../../../src/remote/secret.ts';
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
});
