import { fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { anonymousFile } from './spool.ts';

/** The source is read this far ahead of the fastest host, so that an endless one does not fill the disk. Bytes. */
const ahead = 16 * 1024 * 1024;
const pieceSize = 64 * 1024;

/**
 * One input for all hosts, from its beginning for each, however late a host begins: what came lies in a file without a
 * name. A host that does not read waits for nobody, and nobody for it.
 */
export class SharedInput {
  readonly #source: Readable;
  #file: Promise<FileHandle> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #length = 0;
  #furthest = 0;
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(source: Readable) {
    this.#source = source;
  }

  reader(): Readable {
    if (this.#file === undefined) this.#start();
    return Readable.from(this.#pieces(), { objectMode: false });
  }

  /** Nobody reads any more: the source is let go of, so that it keeps no program from its end. */
  async close(): Promise<void> {
    this.#source.destroy();
    this.#ended = true;
    this.#wake();
    await this.#writing;
    await (await this.#file)?.close();
  }

  #start(): void {
    this.#file = anonymousFile();
    const end = (): void => {
      this.#writing = this.#writing.then(() => {
        this.#ended = true;
        this.#wake();
      });
    };
    this.#source.on('data', (chunk: Buffer) => {
      this.#source.pause();
      this.#writing = this.#writing.then(() => this.#append(chunk));
    });
    this.#source.once('end', end).once('error', end);
  }

  async #append(chunk: Buffer): Promise<void> {
    const file = await this.#file!;
    for (let at = 0; at < chunk.length; ) {
      at += (await file.write(chunk, at, chunk.length - at, this.#length + at)).bytesWritten;
    }
    this.#length += chunk.length;
    this.#wake();
    this.#pace();
  }

  #pace(): void {
    if (!this.#ended && this.#length - this.#furthest < ahead) this.#source.resume();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    const file = await this.#file!;
    for (let position = 0; ; ) {
      if (position < this.#length) {
        const wanted = Math.min(pieceSize, this.#length - position);
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
        position += bytesRead;
        this.#furthest = Math.max(this.#furthest, position);
        this.#pace();
        yield buffer.subarray(0, bytesRead);
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    }
  }
}

/** Whether somebody gives us input: a file or a pipe, and neither a terminal nor /dev/null. */
export function hasInput(): boolean {
  try {
    const stat = fstatSync(0);
    return !stat.isCharacterDevice() && !process.stdin.isTTY;
  } catch {
    return false;
  }
}
