import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import type { Problem } from '../base/problem.ts';
import { makeFolder } from '../files/make-folder.ts';
import { kinds } from './algorithms.ts';
import {
  fingerprint,
  judgeKey,
  type KnownHost,
  keyType,
  knownHostLine,
  knownHostName,
  knownKeyTypes,
  parseKnownHosts,
} from './known-hosts.ts';
import { endpoint, unreachable } from './problems.ts';
import type { Target } from './types.ts';

function isOfType(algorithm: ServerHostKeyAlgorithm, type: string): boolean {
  return type === 'ssh-rsa' ? algorithm.startsWith('rsa-') : algorithm === type;
}

/** Checks the key of one host for one connection, and remembers a new one where the target says `accept-new`. */
export class HostKeyCheck {
  readonly #target: Target;
  readonly #entries: readonly KnownHost[];
  #refusal: Problem | undefined;

  private constructor(target: Target, entries: readonly KnownHost[]) {
    this.#target = target;
    this.#entries = entries;
  }

  /** Reads the known_hosts files; one that does not exist is empty. Rejects where one cannot be read. */
  static async prepare(target: Target): Promise<HostKeyCheck> {
    if (target.hostKeyChecking === 'off') return new HostKeyCheck(target, []);
    return new HostKeyCheck(target, await knownEntries(target));
  }

  /** Why the key was refused; undefined while it was not. */
  get refusal(): Problem | undefined {
    return this.#refusal;
  }

  get #name(): string {
    return this.#target.hostKeyAlias ?? this.#target.address;
  }

  /** What to offer: the types that are on file for the host first, else a good key would look changed. */
  algorithms(): ServerHostKeyAlgorithm[] {
    const algorithms = (this.#target.algorithms?.hostKey ?? kinds.hostKey.usual) as readonly ServerHostKeyAlgorithm[];
    // Nothing to learn from files with the first type alone; hashed names cost a hash for every host and line.
    if (this.#entries.every((entry) => entry.marker !== undefined || entry.keyType === algorithms[0]))
      return [...algorithms];
    const known = knownKeyTypes(this.#entries, this.#name, this.#target.port);
    const isKnown = (algorithm: ServerHostKeyAlgorithm): boolean => known.some((type) => isOfType(algorithm, type));
    return [...algorithms.filter(isKnown), ...algorithms.filter((algorithm) => !isKnown(algorithm))];
  }

  /** True where the host may be talked to; else `refusal` says why not. */
  async accepts(key: Buffer): Promise<boolean> {
    const target = this.#target;
    if (target.hostKeyChecking === 'off') return true;
    const verdict = judgeKey(this.#entries, this.#name, target.port, key);
    const shown = `${keyType(key)} ${fingerprint(key)}`;
    switch (verdict.kind) {
      case 'known':
        return true;
      case 'revoked':
        this.#refusal = unreachable(
          target,
          'its host key must not be revoked',
          `it shows ${shown}, which is revoked in ${place(verdict.entry)}`,
        );
        return false;
      case 'changed':
        this.#refusal = unreachable(
          target,
          `its host key must be the one in ${place(verdict.entry)}`,
          `it shows ${shown} instead of ${verdict.entry.keyType} ${fingerprint(Buffer.from(verdict.entry.key, 'base64'))}`,
          `somebody may be in between; if the host was reinstalled: ssh-keygen -f ${verdict.entry.file} -R '${knownHostName(this.#name, target.port)}'`,
        );
        return false;
      case 'new':
        return target.hostKeyChecking === 'accept-new' ? await this.#remember(key) : this.#refuseUnknown(shown);
    }
  }

  #refuseUnknown(shown: string): boolean {
    const files = this.#target.knownHostsFiles.join(' or ') || 'a known_hosts file';
    this.#refusal = unreachable(
      this.#target,
      `its host key must stand in ${files}`,
      `${endpoint(this.#target)} shows ${shown}, and no entry is for it`,
      this.#target.hostKeyChecking === 'ask'
        ? 'answer yes when you are asked, or --host-key-checking accept-new'
        : undefined,
    );
    return false;
  }

  async #remember(key: Buffer): Promise<boolean> {
    const file = this.#target.knownHostsFiles[0];
    if (file === undefined) return true;
    const line = knownHostLine(this.#name, this.#target.port, key, this.#target.hashKnownHosts ?? false);
    try {
      await addKnownHost(file, line);
      return true;
    } catch (error) {
      const seen = error instanceof Error ? error.message : String(error);
      this.#refusal = unreachable(this.#target, `its new host key must be kept in ${file}`, seen);
      return false;
    }
  }
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}

/** All entries of the target's known_hosts files; one that does not exist is empty. Rejects where one cannot be read. */
export async function knownEntries(target: Target): Promise<KnownHost[]> {
  return (await Promise.all(target.knownHostsFiles.map((file) => readEntries(target, file)))).flat();
}

/** One parse for all hosts of a run: by file, size and time of the last change. */
const parsed = new Map<string, { version: string; entries: KnownHost[] }>();
/** Looks at a file that hosts which begin together share; in milliseconds. */
const looks = new Map<string, { readonly at: number; readonly entries: Promise<KnownHost[]> }>();
const sharedMs = 100;

async function readEntries(target: Target, file: string): Promise<KnownHost[]> {
  let look = looks.get(file);
  if (look === undefined || performance.now() - look.at > sharedMs) {
    look = { at: performance.now(), entries: currentEntries(file) };
    looks.set(file, look);
  }
  try {
    return await look.entries;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw unreachable(target, `its host key must be looked up in ${file}`, message);
  }
}

async function currentEntries(file: string): Promise<KnownHost[]> {
  const handle = await open(file, 'r');
  try {
    const { size, mtimeMs, ino } = await handle.stat();
    const version = `${ino} ${size} ${mtimeMs}`;
    const cached = parsed.get(file);
    if (cached?.version === version) return cached.entries;
    const entries = parseKnownHosts(file, await handle.readFile('utf8'));
    parsed.set(file, { version, entries });
    return entries;
  } finally {
    await handle.close();
  }
}

let appending: Promise<void> = Promise.resolve();

/** Adds one line to a known_hosts file in a single write, so that two controllers at once cannot mix theirs; hosts of this one queue up. */
export function addKnownHost(file: string, line: string): Promise<void> {
  const done = appending.then(async () => {
    await makeFolder(dirname(file), 0o700);
    const before = await readFile(file, 'utf8').catch(() => '');
    if (before.split('\n').includes(line)) return;
    const handle = await open(file, 'a', 0o600);
    looks.delete(file);
    try {
      const separator = before === '' || before.endsWith('\n') ? '' : '\n';
      await handle.write(`${separator}${line}\n`);
    } finally {
      await handle.close();
      looks.delete(file);
    }
  });
  appending = done.catch(() => {});
  return done;
}
