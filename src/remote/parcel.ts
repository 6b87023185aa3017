/** Local files as one stream that hosts unpack: the same bytes for every host, with checksums at the end. */
import { createHash } from 'node:crypto';
import { lstat, open, readdir, readlink, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Problem } from '../base/problem.ts';
import { type TarMember, tarEnd, tarHeader, tarPadding } from './tar-header.ts';

/** Where the members lie in the archive, and the list of their checksums (as `sha256sum -c` reads it). */
export const parcelFolder = 'files';
export const parcelSums = 'sums';

const pieceSize = 256 * 1024;

interface Entry extends TarMember {
  /** The local file of a member that is one. */
  readonly source: string | undefined;
}

export interface Parcel {
  /** What lies at the top, by name: a file (or a link), or a folder. */
  readonly tops: readonly { readonly name: string; readonly folder: boolean }[];
  readonly files: number;
  /** Of all contents together. */
  readonly bytes: number;
  readonly sums: string;
  readonly entries: readonly Entry[];
}

/**
 * Reads files and folders, and takes the checksum of each file. Throws `Problem('badInput')` for what is not there, cannot
 * be read, or is neither file, folder nor link; and for two sources of one name.
 */
export async function packParcel(sources: readonly string[]): Promise<Parcel> {
  const entries: Entry[] = [];
  const sums: string[] = [];
  const tops: { name: string; folder: boolean }[] = [];
  for (const source of sources) {
    const name = basename(resolve(source));
    if (name === '') throw cannotCopy(source, 'it must have a name', 'it is the root of all files');
    if (tops.some((top) => top.name === name))
      throw cannotCopy(source, `"${name}" can be there once`, 'two are called so');
    await add(source, `${parcelFolder}/${name}`, entries, sums, true);
    tops.push({
      name,
      folder: entries.find((entry) => entry.path === `${parcelFolder}/${name}`)!.kind === 'directory',
    });
  }
  const files = entries.filter((entry) => entry.kind === 'file');
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return { tops, files: files.length, bytes, sums: sums.join(''), entries };
}

/** A link that somebody names means what it leads to; within a folder it stays a link. */
async function add(source: string, path: string, entries: Entry[], sums: string[], top: boolean): Promise<void> {
  try {
    const seen = await (top ? stat : lstat)(source, { bigint: true });
    const base = { path, mode: Number(seen.mode) & 0o7777, mtimeNs: seen.mtimeNs };
    if (seen.isDirectory()) {
      entries.push({ ...base, kind: 'directory', size: 0, source: undefined });
      const names = (await readdir(source)).sort();
      for (const name of names) await add(join(source, name), `${path}/${name}`, entries, sums, false);
    } else if (seen.isSymbolicLink()) {
      entries.push({ ...base, kind: 'link', size: 0, target: await readlink(source), source: undefined });
    } else if (seen.isFile()) {
      const { size, digest } = await digestOf(source);
      entries.push({ ...base, kind: 'file', size, source });
      sums.push(sumLine(digest, path));
    } else {
      throw cannotCopy(source, 'it must be a file, a folder or a link', 'it is none of these');
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw cannotCopy(source, 'it must be readable', error instanceof Error ? error.message : String(error));
  }
}

function cannotCopy(source: string, must: string, seen: string): Problem {
  return new Problem('badInput', `Cannot copy "${source}" as ${must}: ${seen}`);
}

async function digestOf(source: string): Promise<{ size: number; digest: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of pieces(source)) {
    hash.update(piece);
    size += piece.length;
  }
  return { size, digest: hash.digest('hex') };
}

/** As sha256sum writes it: a name with a backslash or a newline is escaped, and the line says so by its first character. */
export function sumLine(digest: string, path: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === path ? '' : '\\'}${digest}  ${escaped}\n`;
}

async function* pieces(source: string): AsyncGenerator<Buffer> {
  const file = await open(source, 'r');
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceSize), 0, pieceSize);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The archive. A file that is shorter or longer by now is filled up or cut: then its checksum says so on the host. */
export async function* parcelStream(parcel: Parcel): AsyncGenerator<Buffer> {
  for (const entry of parcel.entries) {
    yield tarHeader(entry);
    if (entry.source === undefined) continue;
    let left = entry.size;
    for await (const piece of pieces(entry.source)) {
      if (left === 0) break;
      const part = piece.subarray(0, left);
      left -= part.length;
      yield part;
    }
    while (left > 0) {
      const filling = Buffer.alloc(Math.min(left, pieceSize));
      left -= filling.length;
      yield filling;
    }
    yield tarPadding(entry.size);
  }
  const sums = Buffer.from(parcel.sums);
  const list: TarMember = { path: parcelSums, kind: 'file', mode: 0o600, size: sums.length, mtimeNs: 0n };
  yield Buffer.concat([tarHeader(list), sums, tarPadding(sums.length), tarEnd()]);
}
