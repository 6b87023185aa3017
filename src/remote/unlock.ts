import type { ParsedKey } from 'ssh2';
import { Problem } from '../base/problem.ts';
import { parse } from './identities.ts';
import type { Questions } from './secret.ts';

/** As often as OpenSSH asks (NumberOfPasswordPrompts). */
const tries = 3;

const unlocked = new Map<string, Promise<ParsedKey>>();

/**
 * The key in an encrypted file, whose passphrase is asked for once for all hosts.
 * Rejects with a `Problem` where nobody answers, or never with the right one.
 */
export function unlock(file: string, text: Buffer, questions: Questions): Promise<ParsedKey> {
  let opening = unlocked.get(file);
  if (opening === undefined) {
    opening = open(file, text, questions);
    unlocked.set(file, opening);
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
