import { open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { makeFolder } from '../files/make-folder.ts';

/** Masks what is secret by its origin: text that a task marked, wherever it comes up later. */
export class SecretMask {
  readonly #texts = new Set<string>();

  keep(text: string): void {
    // Lines on their own too: a diff or an error message quotes one line.
    for (const part of [text, ...text.split('\n')]) if (part.trim().length >= 8) this.#texts.add(part.trim());
  }

  /** A word that is known to be secret, however short. */
  keepWord(word: string): void {
    this.#texts.add(word);
  }

  mask(text: string): string {
    let masked = text;
    for (const secret of this.#texts) masked = masked.replaceAll(secret, '(secret)');
    return masked;
  }

  /** Masks every text in an event or any other plain data. */
  maskAll<T>(value: T): T {
    if (this.#texts.size === 0) return value;
    if (typeof value === 'string') return this.mask(value) as T;
    if (Array.isArray(value)) return value.map((item) => this.maskAll(item)) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.maskAll(item)])) as T;
  }
}

/** `$XDG_STATE_HOME/muster/<cluster>`, outside of every clone. */
export function secretsDirectory(cluster: string): string {
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
  return join(state, 'muster', cluster.replaceAll(/[^A-Za-z0-9_.-]/g, '_'));
}

/** A secret of this operator, or undefined where there is none yet. */
export async function readSecret(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Problem(
      'badInput',
      `Cannot read secret "${file}" as it must be a readable file: ${(error as Error).message}`,
    );
  }
}

/** Writes a secret, readable by nobody else from the first moment, and whole or not at all. */
export async function writeSecret(file: string, content: string): Promise<void> {
  await makeFolder(dirname(file), 0o700);
  const beside = `${file}.${process.pid}`;
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new Problem('badInput', `Cannot keep secret "${file}" as it must be written: ${(error as Error).message}`);
  }
}
