import { type ChildProcess, spawn } from 'node:child_process';
import { getSystemErrorMap } from 'node:util';
import { diskHelper } from './disk-helper.ts';

/** Blocks of a device that several machines read and write, past every cache. */
export interface Blocks {
  /** Both reject with a sentence; after a rejection it is not known whether a write was done, or will be. */
  read(offset: number, length: number): Promise<Buffer>;
  write(offset: number, bytes: Buffer): Promise<void>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** A device through a helper process that is started when it is first needed, and again when it has ended. */
export class DeviceBlocks implements Blocks {
  readonly #device: string;
  readonly #lock: string;
  readonly #waiting: Waiting[] = [];
  #child: ChildProcess | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  #stopped = false;

  /** `lock`: a file of this node's own; two helpers with the same one never write at the same time. */
  constructor(device: string, lock: string) {
    this.#device = device;
    this.#lock = lock;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const request = Buffer.alloc(9);
    request.write('R');
    request.writeUInt32BE(offset, 1);
    request.writeUInt32BE(length, 5);
    return this.#ask(request);
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    const head = Buffer.alloc(5);
    head.write('W');
    head.writeUInt32BE(offset, 1);
    await this.#ask(Buffer.concat([head, bytes]));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin!.end();
    // A device that hangs keeps the helper; it ends by itself when the kernel lets go of it.
    child.unref();
    // The timer must hold this process: with nothing else to wait for, it would end here, and say it was well.
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, 500);
    });
    await Promise.race([ended, patience]);
    clearTimeout(timer);
  }

  #ask(request: Buffer): Promise<Buffer> {
    if (this.#stopped) return Promise.reject(new Error('musterd ends'));
    const child = this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      const length = Buffer.alloc(4);
      length.writeUInt32BE(request.length);
      child.stdin!.write(Buffer.concat([length, request]));
    });
  }

  #start(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = spawn('perl', ['-e', diskHelper, this.#device, this.#lock], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#buffer = Buffer.alloc(0);
    const gone = (why: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the helper for ${this.#device} ${why}`));
    };
    child.once('error', (error) => gone(`does not start: ${error.message}`));
    child.once('exit', (code, signal) => gone(`ended with ${signal ?? `code ${code}`}`));
    child.stdin!.on('error', () => {});
    child.stdout!.on('data', (chunk: Buffer) => this.#receive(chunk));
    return child;
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 4) {
      const length = this.#buffer.readUInt32BE(0);
      if (this.#buffer.length < 4 + length) return;
      const kind = String.fromCharCode(this.#buffer[4]!);
      const payload = Buffer.from(this.#buffer.subarray(5, 4 + length));
      this.#buffer = this.#buffer.subarray(4 + length);
      const waiting = this.#waiting.shift();
      if (kind === 'E') waiting?.reject(new DiskError(this.#device, Number(payload.toString())));
      else waiting?.resolve(payload);
    }
  }
}

/** What Node has no names for: a reservation conflict, and an error of the target (errno(3)). */
const others: ReadonlyMap<number, readonly [string, string]> = new Map([
  [52, ['EBADE', 'another node has locked this one out']],
  [121, ['EREMOTEIO', 'remote I/O error']],
]);

/** What the kernel said to a read or a write; `code` is its name, like EIO. */
export class DiskError extends Error {
  readonly code: string;

  constructor(device: string, errno: number) {
    const [code, meaning] = others.get(errno) ?? getSystemErrorMap().get(-errno) ?? [`error ${errno}`, 'unknown'];
    super(`${device}: ${meaning} (${code})`);
    this.code = code;
  }
}
