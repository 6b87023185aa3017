import { createHash } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { Problem } from '../base/problem.ts';
import { parse } from './identities.ts';
import type { Questions } from './secret.ts';

/** As often as OpenSSH asks (NumberOfPasswordPrompts). */
const tries = 3;

const unlocked = new Map<string, Promise<ParsedKey>>();

/** For how long hosts of one run share a refusal; a background process lives longer, and is to ask again. Milliseconds. */
const refusedMs = 30_000;

/**
 * The key in an encrypted file, whose passphrase is asked for once for all hosts.
 * Rejects with a `Problem` where nobody answers, or never with the right one.
 */
export function unlock(file: string, text: Buffer, questions: Questions): Promise<ParsedKey> {
  const key = `${file} ${createHash('sha256').update(text).digest('base64')}`;
  let opening = unlocked.get(key);
  if (opening === undefined) {
    opening = open(file, text, questions);
    unlocked.set(key, opening);
    opening.catch(() => setTimeout(() => unlocked.delete(key), refusedMs).unref());
  }
  return opening;
}

async function open(file: string, text: Buffer, questions: Questions): Promise<ParsedKey> {
  for (let turn = 0; turn < tries; turn++) {
    const passphrase = await questions.secret(`${turn === 0 ? '' : 'Wrong. '}Passphrase for the key ${file}: `);
    const key = parse(text, passphrase.reveal());
    if (!(key instanceof Error)) return key;
  }
  throw new Problem('hostUnreachable', `Cannot use the key ${file} as its passphrase must be right: it was not`);
}
