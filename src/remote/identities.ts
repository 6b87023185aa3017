import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';

/** What is in an identity file. `nothing`: there is no such file, which is nothing to complain about. */
export type Identity =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  /** Encrypted; `publicKey` where it can be known without the passphrase, else undefined. */
  | { readonly kind: 'locked'; readonly text: Buffer; readonly publicKey: ParsedKey | undefined }
  /** Only the public half, or a key of a kind that ssh2 does not know: an agent may have the other. */
  | { readonly kind: 'public'; readonly publicKey: ParsedKey }
  | { readonly kind: 'beyond'; readonly type: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unusable'; readonly why: string };

const identities = new Map<string, { readonly at: number; readonly reading: Promise<Identity> }>();
/** For how long a file counts as read; a background process lives longer than a run. In milliseconds. */
const freshMs = 10_000;

/** Reads an identity file, once for all hosts. */
export function identityIn(file: string): Promise<Identity> {
  const known = identities.get(file);
  if (known !== undefined && performance.now() - known.at < freshMs) return known.reading;
  const reading = read(file);
  identities.set(file, { at: performance.now(), reading });
  return reading;
}

/** Kinds of keys that need a token or a certificate: OpenSSH's client has them, ssh2 has not. */
export function isBeyond(type: string): boolean {
  return type.startsWith('sk-') || type.includes('-cert-v01@');
}

async function read(file: string): Promise<Identity> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return { kind: 'unusable', why: message };
    // As for OpenSSH: the public half beside a missing file names a key that the agent has.
    const beside = await publicKeyIn(`${file}.pub`);
    return beside === undefined ? { kind: 'nothing' } : beside;
  }
  const outer = publicPart(text);
  if (outer !== undefined && isBeyond(outer.type)) return { kind: 'beyond', type: outer.type };
  const key = parse(text);
  if (key instanceof Error) {
    if (!/encrypted|passphrase/i.test(key.message)) return { kind: 'unusable', why: key.message };
    const publicKey = outer === undefined ? undefined : parse(`${outer.type} ${outer.wire.toString('base64')}`);
    const beside = publicKey instanceof Error || publicKey === undefined ? await publicKeyIn(`${file}.pub`) : undefined;
    const known = beside?.kind === 'public' ? beside.publicKey : publicKey instanceof Error ? undefined : publicKey;
    return { kind: 'locked', text, publicKey: known };
  }
  return key.isPrivateKey() ? { kind: 'key', key } : { kind: 'public', publicKey: key };
}

async function publicKeyIn(file: string): Promise<Identity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const type = text.trim().split(/\s+/)[0] ?? '';
  if (isBeyond(type)) return { kind: 'beyond', type };
  const key = parse(text);
  return key instanceof Error ? undefined : { kind: 'public', publicKey: key };
}

/** ssh2 gives a list for formats that may hold several keys. */
export function parse(text: Buffer | string, passphrase?: string): ParsedKey | Error {
  const key = ssh2.utils.parseKey(text, passphrase);
  const first = Array.isArray(key) ? (key[0] as ParsedKey | undefined) : key;
  return first ?? new Error('it holds no key');
}

/**
 * The public key in OpenSSH's own format of private keys, which stands in it unencrypted (PROTOCOL.key: magic, cipher,
 * KDF, its options, number of keys, public key).
 */
function publicPart(text: Buffer): { type: string; wire: Buffer } | undefined {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text.toString('latin1'));
  if (match === null) return undefined;
  const data = Buffer.from(match[1]!, 'base64');
  const magic = 'openssh-key-v1\0';
  if (data.toString('latin1', 0, magic.length) !== magic) return undefined;
  try {
    let at = magic.length;
    const next = (): Buffer => {
      const end = at + 4 + data.readUInt32BE(at);
      const field = data.subarray(at + 4, end);
      at = end;
      return field;
    };
    for (let skipped = 0; skipped < 3; skipped++) next();
    at += 4;
    const wire = next();
    return { type: wire.toString('latin1', 4, 4 + wire.readUInt32BE(0)), wire };
  } catch {
    return undefined;
  }
}
