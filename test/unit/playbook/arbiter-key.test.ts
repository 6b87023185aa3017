import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { contentFact } from '../../../src/playbook/facts/content.ts';
import type { FactReader } from '../../../src/playbook/facts/fact.ts';
import { type FileFact, fileFact } from '../../../src/playbook/facts/file.ts';
import type { Decision } from '../../../src/playbook/module.ts';
import { arbiterKey } from '../../../src/playbook/modules/arbiter-key.ts';
import { type KeyPair, makeCertificate } from '../../integration/arbiter/certificates.ts';

const directory = '/etc/ha.d/arbiter/pair';
const day = 86_400_000;

/** What the module decides where these files are in the directory. */
async function decide(files: Readonly<Record<string, string>>, more: object = {}, now?: number): Promise<Decision> {
  const args = { cluster: 'pair', directory, days: 400, renew_before: 30, state: 'present', ...more };
  const ready = (await arbiterKey.prepare!(args as never, undefined as never)) as object;
  const facts = {
    get: (kind: unknown, key: string): unknown => {
      const text = files[key.slice(directory.length + 1)];
      if (kind === contentFact) return text === undefined ? undefined : Buffer.from(text);
      assert.equal(kind, fileFact);
      const sha256 = createHash('sha256')
        .update(text ?? '')
        .digest('hex');
      return { type: text === undefined ? 'absent' : 'file', sha256 } as unknown as FileFact;
    },
  } as FactReader;
  return arbiterKey.decide({ ...ready, ...(now === undefined ? {} : { now }) } as never, facts);
}

function programOf(decision: Decision): string {
  assert.equal(decision.outcome, 'changed');
  const [step] = decision.outcome === 'changed' ? decision.steps : [];
  assert.equal(step?.kind, 'program');
  return step?.kind === 'program' ? step.program : '';
}

describe('arbiter_key', () => {
  let own: KeyPair;
  let next: KeyPair;
  before(() => {
    [own, next] = [makeCertificate('pair'), makeCertificate('pair')];
  });
  const pair = (): Record<string, string> => ({ 'own.key': own.key, 'own.pem': own.certificate });

  it('makes a pair on the host where there is none, or one for another cluster; only the certificate comes back', async () => {
    const other = makeCertificate('other');
    const cases: Record<string, string>[] = [
      {},
      { 'own.pem': own.certificate },
      { 'own.key': other.key, 'own.pem': other.certificate },
    ];
    for (const files of cases) {
      const decision = await decide(files);
      const program = programOf(decision);
      assert.match(program, /umask 077[\s\S]*openssl req -x509 [\s\S]*mv -f \.new\.key own\.key [\s\S]*cat own\.pem$/);
      assert.doesNotMatch(program, /cat .*key/);
      assert.ok(decision.outcome === 'changed' && decision.result !== undefined);
      assert.deepEqual(decision.result([{ rc: 0, stdout: own.certificate, stderr: '' }]), { pems: [own.certificate] });
    }
  });

  it('leaves alone what is good for long', async () => {
    assert.deepEqual(await decide(pair()), { outcome: 'ok', result: { pems: [own.certificate] } });
    assert.equal((await decide(pair(), { state: 'active' })).outcome, 'ok');
  });

  it('makes a new pair beside the old one before that expires, and tells both, always in one order', async () => {
    const late = Date.now() + 380 * day;
    const decision = await decide(pair(), {}, late);
    assert.match(programOf(decision), /mv -f \.new\.pem next\.pem/);
    const both = [own.certificate, next.certificate].sort();
    assert.ok(decision.outcome === 'changed' && decision.result !== undefined);
    assert.deepEqual(decision.result([{ rc: 0, stdout: next.certificate, stderr: '' }]), { pems: both });
    const beside = { ...pair(), 'next.key': next.key, 'next.pem': next.certificate };
    assert.deepEqual(await decide(beside, {}, late), { outcome: 'ok', result: { pems: both } });
    assert.match(
      programOf(await decide(beside, { state: 'active' }, late)),
      /mv -f next\.key own\.key && mv -f next\.pem own\.pem$/,
    );
    const after = { 'own.key': next.key, 'own.pem': next.certificate, 'previous.pem': own.certificate };
    assert.deepEqual(await decide(after), { outcome: 'ok', result: { pems: both } });
  });
});
