import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, lstat, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../base/problem.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { ParcelBeginning, packProgram, parcelEnd } from '../../remote/pack-program.ts';
import type { Connection } from '../../remote/types.ts';
import { fileNameOf } from './log-files.ts';

export interface ReceiveRequest {
  readonly paths: readonly string[];
  /** The folder here below which the host has one of its own. */
  readonly folder: string;
  readonly sudo: boolean;
  readonly signal: AbortSignal;
  /** Told of every piece that came. */
  readonly received: (bytes: number) => void;
}

/**
 * Gets files and folders of one host into `FOLDER/HOST/`. They are unpacked beside it and moved there when the checksum of
 * all that came is the one that the host counted; before that nothing changes. Resolves to tar's warnings, such as of a
 * file that grew meanwhile. Rejects with `Problem('hostFailed')`.
 */
export async function receive(connection: Connection, request: ReceiveRequest): Promise<string> {
  const { name } = connection.target;
  const refuse = (seen: string): Problem =>
    new Problem('hostFailed', `Cannot fetch from host "${name}" as all must come as it is there: ${seen}`);
  const stage = await makeFolder(request.folder)
    .then(() => mkdtemp(join(request.folder, `.${fileNameOf(name)}.`)))
    .catch((error) => {
      throw refuse((error as Error).message);
    });
  // `--delay-directory-restore`: a folder that nobody may write to is still filled.
  const tar = spawn('tar', ['-xf', '-', '--no-same-owner', '-p', '--delay-directory-restore', '-C', stage], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const unpacked = endOf(tar);
  try {
    const hash = createHash('sha256');
    const errors: Buffer[] = [];
    const beginning = new ParcelBeginning();
    const result = await connection.exec(packProgram(request.paths), {
      as: request.sudo ? 'root' : 'user',
      signal: request.signal,
      collect: false,
      onStderr: (chunk) => void errors.push(chunk),
      onStdout: (piece) => {
        const chunk = beginning.take(piece);
        if (chunk === undefined) return undefined;
        hash.update(chunk);
        request.received(chunk.length);
        const stdin = tar.stdin!;
        if (!stdin.writable || stdin.write(chunk)) return undefined;
        return Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).then(() => {});
      },
    });
    tar.stdin!.end();
    const stderr = Buffer.concat(errors).toString();
    const end = parcelEnd(stderr);
    if (result.rc !== 0 || end === undefined || end.rc > 1) {
      // The first line: the last one only says that there was an error.
      const [first] = (end?.said ?? stderr.trim()).split('\n');
      throw refuse(first?.replace(/^tar: /, '') || `exit code ${result.rc ?? result.signal}`);
    }
    if (hash.digest('hex') !== end.digest) throw refuse('the checksums differ');
    const { code, said } = await unpacked;
    if (code !== 0) throw refuse(`tar here: ${said}`);
    await makeFolder(join(request.folder, fileNameOf(name)));
    await moveInto(stage, join(request.folder, fileNameOf(name)));
    return end.said;
  } catch (error) {
    if (error instanceof Problem || !(error as NodeJS.ErrnoException).syscall) throw error;
    throw refuse((error as Error).message);
  } finally {
    tar.stdin!.destroy();
    await unpacked;
    await rm(stage, { recursive: true, force: true });
  }
}

function endOf(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  const said: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => said.push(chunk));
  // Where it ends early, its exit code and its words tell why.
  child.stdin!.on('error', () => {});
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, said: error.message }));
    child.once('close', (code) => resolve({ code, said: Buffer.concat(said).toString().trim().split('\n').at(-1)! }));
  });
}

/** Moves what lies in one folder into another: folders are joined, a file is replaced by a rename. */
async function moveInto(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const there = await lstat(target).catch(() => undefined);
    if (!entry.isDirectory() || there === undefined) await rename(source, target);
    else if (!there.isDirectory()) throw Object.assign(new Error(`${target} is a file`), { syscall: 'rename' });
    else {
      const { mode } = await lstat(source);
      await chmod(source, 0o700);
      await moveInto(source, target);
      await rmdir(source);
      await chmod(target, mode & 0o7777);
    }
  }
}
