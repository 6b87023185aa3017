import type { FileHandle } from 'node:fs/promises';

/** Small chunks are gathered into writes of this size; twice as much waits at most while one is under way. Bytes. */
const writeSize = 256 * 1024;

/** Appends to a file in large pieces; whoever is faster than the disk gets a promise to wait for. */
export class FileSink {
  readonly #open: () => Promise<FileHandle>;
  #file: Promise<FileHandle> | undefined;
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
