import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** A self-signed certificate as `muster provision` has the hosts make it. */
export function makeCertificate(cluster: string, days = 400): KeyPair {
  const directory = mkdtempSync(join(tmpdir(), 'muster-certificate-'));
  const [key, certificate] = [join(directory, 'key'), join(directory, 'pem')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, '-days', String(days), '-subj', `/CN=${cluster}`], {
      stdio: 'pipe',
    });
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Writes a file as provision does: beside it, then renamed. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The directory of one side: its own pair, and the certificates of those at the other side. */
export function writeCertificates(
  directory: string,
  own: KeyPair,
  others: Readonly<Record<string, readonly KeyPair[]>>,
): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  put(join(directory, 'own.key'), own.key);
  put(join(directory, 'own.pem'), own.certificate);
  for (const [name, pairs] of Object.entries(others))
    put(join(directory, `${name}.pem`), pairs.map(({ certificate }) => certificate).join(''));
}
