import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeCertificate, readCertificates } from '../../../../src/supervisor/arbiter/certificates.ts';
import { type KeyPair, makeCertificate, writeCertificates } from '../../../integration/arbiter/certificates.ts';

const day = 86_400_000;

describe('the certificates of nodes and arbiters', () => {
  let directory: string;
  let own: KeyPair;
  let peer: KeyPair;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-pins-'));
    [own, peer] = [makeCertificate('pair'), makeCertificate('pair', 30)];
  });
  beforeEach(() => writeCertificates(directory, own, { node1: [peer] }));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('say who is who by what is pinned under a name, old and new ones alike', async () => {
    const next = makeCertificate('pair');
    writeCertificates(directory, own, { node1: [peer, next] });
    const { pins, names, expires } = await readCertificates(directory);
    assert.deepEqual(names, ['node1']);
    for (const { certificate } of [peer, next])
      assert.equal(pins.get(new X509Certificate(certificate).fingerprint256), 'node1');
    assert.ok(expires > Date.now() + 399 * day);
  });

  it('count for one cluster, and only where they are pinned', async () => {
    const { pins } = await readCertificates(directory);
    const shown = new X509Certificate(peer.certificate);
    const judge = (certificate: X509Certificate | undefined, cluster = 'pair'): string => {
      const verdict = judgeCertificate(certificate, cluster, pins);
      return verdict.ok ? verdict.name : verdict.refusal;
    };
    assert.equal(judge(shown), 'node1');
    assert.equal(judge(undefined), 'no-certificate');
    assert.equal(judge(new X509Certificate(own.certificate)), 'wrong-pin');
    assert.equal(judge(new X509Certificate(makeCertificate('pair').certificate)), 'wrong-pin');
    assert.equal(judge(shown, 'another'), 'wrong-cluster');
  });

  it('are not read where others may read the key, where it is another one, or where two names share one', async () => {
    chmodSync(join(directory, 'own.key'), 0o640);
    await assert.rejects(
      readCertificates(directory),
      /Cannot trust ".*own\.key" as only root may read it: its mode is 0640/,
    );
    writeFileSync(join(directory, 'own.key'), peer.key, { mode: 0o600 });
    chmodSync(join(directory, 'own.key'), 0o600);
    await assert.rejects(readCertificates(directory), /Cannot use ".*own\.pem" as its key must be in own\.key/);
    writeCertificates(directory, own, { node1: [peer], node2: [peer] });
    await assert.rejects(readCertificates(directory), /Cannot tell "node1" from "node2"/);
    rmSync(join(directory, 'node2.pem'));
    writeFileSync(join(directory, 'node1.pem'), 'nothing');
    await assert.rejects(readCertificates(directory), /Cannot read ".*node1\.pem" as a certificate in PEM/);
    rmSync(join(directory, 'own.pem'));
    await assert.rejects(
      readCertificates(directory),
      /own\.pem" as a node and its arbiter prove themselves with it: there is none/,
    );
  });
});
