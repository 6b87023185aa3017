import { writeSync, writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Small chunks are gathered into writes of this size; twice as much waits at most while one is under way. Bytes. */
const writeSize = 256 * 1024;

/** From here on a write of its own is worth it; bytes. */
const directSize = 16 * 1024;
/** A write that takes longer would hold all other hosts up, if it came often; milliseconds. */
const patienceMs = 100;
let slowDisk = false;

/** Appends to a file in large pieces; whoever is faster than the disk gets a promise to wait for. */
export class FileSink {
  readonly #open: () => Promise<FileHandle>;
  #file: Promise<FileHandle> | undefined;
  #handle: FileHandle | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #problem: unknown;

  /** The file is opened by the first write. */
  constructor(open: () => Promise<FileHandle>) {
    this.#open = open;
  }

  write(chunk: Buffer): Promise<void> | undefined {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < writeSize) return undefined;
    if (this.#writing === undefined) this.#start();
    return this.#pendingBytes < 2 * writeSize ? undefined : this.#writing;
  }

  /**
   * Writes a chunk that is the caller's again when this returns. A disk that takes it at once, as the kernel's memory in
   * front of it does, spares a copy and a thread; one that does not is left to the threads from then on, for all files.
   */
  writeLent(chunk: Buffer): Promise<void> | undefined {
    const gathered = this.#pendingBytes + chunk.length;
    if (this.#handle === undefined) this.#openSoon();
    if (this.#handle === undefined || this.#writing !== undefined || slowDisk || gathered < directSize)
      return this.write(Buffer.from(chunk));
    const pieces = [...this.#pending, chunk];
    [this.#pending, this.#pendingBytes] = [[], 0];
    const started = performance.now();
    try {
      this.#appendNow(this.#handle.fd, pieces, gathered);
    } catch (error) {
      this.#problem ??= error;
    }
    slowDisk ||= performance.now() - started > patienceMs;
    return undefined;
  }

  /** Writes what is left. Rejects with the first error of the system. */
  async flush(): Promise<FileHandle | undefined> {
    while (this.#pending.length > 0 || this.#writing !== undefined) {
      if (this.#writing === undefined) this.#start();
      await this.#writing;
    }
    if (this.#problem !== undefined) throw this.#problem;
    return await this.#file;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await (await this.#file)?.close();
    }
  }

  #openSoon(): void {
    if (this.#file !== undefined) return;
    this.#file = this.#open();
    this.#file.then(
      (handle) => {
        this.#handle = handle;
      },
      // The next write, or the end, says why.
      () => {},
    );
  }

  #appendNow(fd: number, pieces: readonly Buffer[], size: number): void {
    if (this.#problem !== undefined) return;
    const written = writevSync(fd, pieces);
    if (written === size) return;
    const rest = Buffer.concat(pieces).subarray(written);
    for (let at = 0; at < rest.length; ) at += writeSync(fd, rest, at);
  }

  #start(): void {
    const pieces = this.#pending;
    [this.#pending, this.#pendingBytes] = [[], 0];
    this.#writing = this.#append(pieces)
      .catch((error: unknown) => {
        this.#problem ??= error;
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async #append(pieces: Buffer[]): Promise<void> {
    if (this.#problem !== undefined) return;
    this.#file ??= this.#open();
    const file = await this.#file;
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await file.writev(pieces);
    if (bytesWritten === size) return;
    // A full disk, most often: the next write says why.
    const rest = Buffer.concat(pieces).subarray(bytesWritten);
    for (let at = 0; at < rest.length; ) at += (await file.write(rest, at)).bytesWritten;
  }
}
