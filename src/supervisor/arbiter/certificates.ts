import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../base/problem.ts';

/**
 * What a node or an arbiter proves itself with, and whom it believes. Both sides have the same directory for a cluster:
 * `own.key` and `own.pem`, and one `NAME.pem` for each at the other side. Who has the private key of a certificate that
 * stands in `NAME.pem` is NAME; nobody signs for anybody. A file may have several certificates: while one is replaced,
 * the old and the new one both count.
 */
export interface Certificates {
  readonly key: string;
  readonly certificate: string;
  /** Of the own certificate; Unix milliseconds. */
  readonly expires: number;
  /** The name behind each pinned certificate, by the SHA-256 of the certificate. */
  readonly pins: ReadonlyMap<string, string>;
  readonly names: readonly string[];
}

const ownName = 'own';

/** Reads a directory of certificates. Throws a Problem that says what is wrong with it. */
export async function readCertificates(directory: string): Promise<Certificates> {
  const [key, certificate] = await Promise.all([
    readText(join(directory, `${ownName}.key`)),
    readText(join(directory, `${ownName}.pem`)),
  ]);
  const keyFile = join(directory, `${ownName}.key`);
  const mode = (await stat(keyFile)).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    const seen = `its mode is ${mode.toString(8).padStart(4, '0')}`;
    throw new Problem('badInput', `Cannot trust "${keyFile}" as only root may read it: ${seen}`, {
      hint: `chmod 600 ${keyFile}`,
    });
  }
  const own = parseCertificates(certificate, join(directory, `${ownName}.pem`))[0]!;
  if (!matches(own, key)) {
    const file = join(directory, `${ownName}.pem`);
    throw new Problem('badInput', `Cannot use "${file}" as its key must be in ${ownName}.key: another one is`);
  }
  const pins = new Map<string, string>();
  const names: string[] = [];
  for (const file of (await readdir(directory)).sort()) {
    const name = /^([^.].*)\.pem$/.exec(file)?.[1];
    if (name === undefined || name === ownName) continue;
    names.push(name);
    for (const pinned of parseCertificates(await readText(join(directory, file)), join(directory, file))) {
      const known = pins.get(pinned.fingerprint256);
      if (known !== undefined && known !== name)
        throw new Problem(
          'badInput',
          `Cannot tell "${known}" from "${name}" as each must have its own certificate: one is in both`,
        );
      pins.set(pinned.fingerprint256, name);
    }
  }
  return { key, certificate, expires: Date.parse(own.validTo), pins, names };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const seen = code === 'ENOENT' ? 'there is none' : message;
    throw new Problem('badInput', `Cannot read "${file}" as a node and its arbiter prove themselves with it: ${seen}`, {
      hint: 'muster provision makes and renews it',
    });
  }
}

/** All certificates of a PEM file. Throws a Problem where there is none, or where one is broken. */
export function parseCertificates(text: string, file: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // As with none.
  }
  throw new Problem('badInput', `Cannot read "${file}" as a certificate in PEM must be in it: none is`);
}

function matches(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Why somebody is refused; also the name of its counter. */
export type Refusal = 'no-certificate' | 'wrong-pin' | 'wrong-cluster';

export type Judgement =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly refusal: Refusal; readonly why: string };

/**
 * Whom a certificate speaks for, in a connection of this cluster. TLS has made sure that the private key is there. The dates
 * in it are for `provision`, which makes the next one in time: a pin is believed for as long as it is there, since a clock
 * that is wrong on a node must not cost it the third vote.
 */
export function judgeCertificate(
  certificate: X509Certificate | undefined,
  cluster: string,
  pins: ReadonlyMap<string, string>,
): Judgement {
  const refuse = (refusal: Refusal, why: string): Judgement => ({ ok: false, refusal, why });
  if (certificate === undefined) return refuse('no-certificate', 'it shows no certificate');
  const print = certificate.fingerprint256;
  const name = pins.get(print);
  if (name === undefined) return refuse('wrong-pin', `no one here has the certificate ${shortPrint(print)}`);
  const common = /^CN=(.*)$/m.exec(certificate.subject)?.[1];
  if (common !== cluster)
    return refuse('wrong-cluster', `the certificate of ${name} is for cluster "${common ?? ''}", not "${cluster}"`);
  return { ok: true, name };
}

/** The first bytes of a fingerprint: enough for a person to compare. */
function shortPrint(print: string): string {
  return print.replaceAll(':', '').slice(0, 16).toLowerCase();
}
