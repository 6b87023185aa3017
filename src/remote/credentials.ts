import { readFile } from 'node:fs/promises';
import ssh2, { type AnyAuthMethod, type ParsedKey } from 'ssh2';
import type { Target } from './types.ts';

/** What we can log in with, in the order in which it is tried, and what we could not use, in words. */
export interface Credentials {
  readonly methods: readonly AnyAuthMethod[];
  /** `the key ~/.ssh/id_ed25519`, `the agent`. */
  readonly tried: readonly string[];
  readonly unusable: readonly string[];
}

type Identity = { readonly key: ParsedKey } | { readonly why: string | undefined };

const identities = new Map<string, Promise<Identity>>();

/** The private key in a file; `why` undefined where there is simply no such file. */
async function loadIdentity(file: string): Promise<Identity> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { why: code === 'ENOENT' ? undefined : message };
  }
  const key = ssh2.utils.parseKey(text);
  // ssh2 gives a list for formats that may hold several keys.
  const first = Array.isArray(key) ? (key[0] as ParsedKey | undefined) : key;
  if (first === undefined || first instanceof Error) {
    const encrypted = first !== undefined && /encrypted|passphrase/i.test(first.message);
    return { why: encrypted ? 'it is encrypted (ssh-add it to the agent)' : (first?.message ?? 'it holds no key') };
  }
  return first.isPrivateKey() ? { key: first } : { why: 'it is a public key' };
}

/** The identity files first, then the agent's keys: a file that somebody named is most often the one that fits. */
export async function credentialsFor(target: Target): Promise<Credentials> {
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  const unusable: string[] = [];
  for (const file of target.identityFiles) {
    let loading = identities.get(file);
    if (loading === undefined) {
      loading = loadIdentity(file);
      identities.set(file, loading);
    }
    const identity = await loading;
    if ('key' in identity) {
      methods.push({ type: 'publickey', username: target.user, key: identity.key });
      tried.push(`the key ${file}`);
    } else if (identity.why !== undefined) {
      unusable.push(`${file}: ${identity.why}`);
    }
  }
  const agent = process.env.SSH_AUTH_SOCK;
  if (agent !== undefined && agent !== '' && target.identitiesOnly !== true) {
    methods.push({ type: 'agent', username: target.user, agent });
    tried.push('the agent');
  }
  return { methods, tried, unusable };
}
