import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink } from './file-sink.ts';

/** Output of all hosts together that is kept in memory; what is more lies in files in TMPDIR. Bytes (README says it). */
const memoryLimit = 64 * 1024 * 1024;

/** What the spools of one run may still take of the memory. */
export class Memory {
  #left: number;

  constructor(limit = memoryLimit) {
    this.#left = limit;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** So much is its own digest: Node's take a while to load, and most hosts say little. Bytes. */
const little = 1024;

let files = 0;

/** A file that is gone by name as soon as it is open: nothing stays behind, however the program ends. */
export async function anonymousFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `muster-spool-${process.pid}-${files++}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

/** One stream of one host, kept until it is shown: in memory while there is room, the rest in a file. */
export class Spool {
  readonly #memory: Memory;
  /** All of it, as long as it is little; then in the hash. */
  #little: Buffer[] = [];
  #hash: Hash | undefined;
  #chunks: Buffer[] = [];
  #kept = 0;
  #sink: FileSink | undefined;
  length = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The chunk may be lent; a promise is to be waited for before the next write. */
  write(chunk: Buffer): Promise<void> | undefined {
    this.length += chunk.length;
    this.#note(chunk);
    if (this.#sink === undefined && this.#memory.take(chunk.length)) {
      this.#chunks.push(Buffer.from(chunk));
      this.#kept += chunk.length;
      return undefined;
    }
    this.#sink ??= new FileSink(anonymousFile);
    return this.#sink.writeLent(chunk);
  }

  /** Tells equal contents apart from others; once, after the last write. */
  digest(): string {
    return this.#hash?.digest('base64') ?? `${this.length}:${Buffer.concat(this.#little).toString('latin1')}`;
  }

  #note(chunk: Buffer): void {
    if (this.length <= little) {
      this.#little.push(Buffer.from(chunk));
      return;
    }
    if (this.#hash === undefined) {
      this.#hash = createHash('sha256').update(Buffer.concat(this.#little));
      this.#little = [];
    }
    this.#hash.update(chunk);
  }

  /** All that was written, from the beginning; any number of times. */
  async *read(): AsyncGenerator<Buffer> {
    yield* this.#chunks;
    const file = await this.#sink?.flush();
    if (file === undefined) return;
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(256 * 1024), 0, 256 * 1024, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Gives memory and file back; nothing can be read any more. */
  async drop(): Promise<void> {
    this.#memory.give(this.#kept);
    [this.#chunks, this.#little, this.#kept] = [[], [], 0];
    await this.#sink?.close();
    this.#sink = undefined;
  }
}

/** The whole content as one buffer, or undefined where it is longer than `limit` bytes. */
export async function contentUpTo(source: AsyncIterable<Buffer>, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
