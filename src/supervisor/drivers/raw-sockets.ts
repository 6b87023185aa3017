import { type ChildProcess, spawn } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
import { Problem } from '../../base/problem.ts';
import { rawSocketsHelper } from './raw-sockets-helper.ts';

export const AF_PACKET = 17;

/** What socket(2), bind(2) and connect(2) take; addresses are whole sockaddrs in bytes. */
export interface SocketSpec {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  readonly bind?: Uint8Array | undefined;
  readonly connect?: Uint8Array | undefined;
}

export interface RawSocket {
  /** One datagram (a netlink request, an Ethernet frame, a notification) to where the socket is bound or connected. */
  send(payload: Uint8Array): void;
  close(): void;
}

/** One door to all the kinds of sockets that Node does not have. */
export interface RawSockets {
  /** `onData` gets every datagram that comes in; `onError` the name of the error (`ENODEV`) of an open or a send. */
  open(spec: SocketSpec, onData: (data: Buffer) => void, onError?: (code: string) => void): RawSocket;
  /**
   * Best effort: SCHED_FIFO at this priority (1 to 98) for the main thread of a process, and at the next higher one for all
   * its other threads of now and for the helper; what they start is ordinary. With 0 all are. The main thread waits for
   * the others, and where it does so it spins: for a worker that is just about to wake it (libuv 1.44, `uv__async_spin`),
   * and for V8's markers, task after task. Were they ordinary, or only its equals, it would keep the core from them.
   */
  schedule(priority: number, pid: number): void;
  /** Ends the helper when all that was sent has been relayed. */
  stop(): Promise<void>;
}

/** Starts the helper. `onEnd` is called when it ends without having been stopped: then nothing can be armed any more. */
export async function startRawSockets(onEnd: (why: string) => void, perl = 'perl'): Promise<RawSockets> {
  const child = spawn(perl, ['-e', rawSocketsHelper], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Tables of a language would be memory for nothing.
    env: { ...process.env, LC_ALL: 'C' },
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(
        new Problem(
          'defect',
          `Cannot start the helper for raw sockets as "${perl}" must be executable: ${error.message}`,
          {
            hint: 'apt-get install perl-base',
          },
        ),
      ),
    );
  });
  return new HelperSockets(child, onEnd);
}

class HelperSockets implements RawSockets {
  readonly #child: ChildProcess;
  readonly #handlers = new Map<number, { data: (data: Buffer) => void; error: (code: string) => void }>();
  readonly #ended: Promise<void>;
  #buffer: Buffer = Buffer.alloc(0);
  #frames: Buffer[] = [];
  #lastId = 0;
  #stopping = false;

  constructor(child: ChildProcess, onEnd: (why: string) => void) {
    this.#child = child;
    child.stdout!.on('data', (chunk: Buffer) => this.#receive(chunk));
    // A pipe that breaks is told by the exit.
    child.stdin!.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve();
        if (!this.#stopping) onEnd(`ended with ${signal ?? `code ${code}`}`);
      });
    });
  }

  open(spec: SocketSpec, onData: (data: Buffer) => void, onError: (code: string) => void = () => {}): RawSocket {
    const id = this.#freeId();
    this.#handlers.set(id, { data: onData, error: onError });
    const hex = (address: Uint8Array | undefined): string =>
      address === undefined ? '-' : Buffer.from(address).toString('hex');
    const { domain, type, protocol } = spec;
    // At the close of a packet socket that received, the kernel waits for a grace period of RCU (`packet_release`): under
    // load that can be longer than a lease, and whatever else goes through this helper would wait with it.
    const end = domain === AF_PACKET ? 'leave' : 'close';
    this.#write(0, Buffer.from(`open ${id} ${domain} ${type} ${protocol} ${hex(spec.bind)} ${hex(spec.connect)}`));
    return {
      send: (payload) => this.#write(id, payload),
      close: () => {
        if (this.#handlers.delete(id)) this.#write(0, Buffer.from(`${end} ${id}`));
      },
    };
  }

  schedule(priority: number, pid: number): void {
    this.#write(0, Buffer.from(`schedule ${priority} ${pid}`));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#flush();
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 1000);
    await this.#ended;
    clearTimeout(timer);
  }

  #freeId(): number {
    for (let tries = 0; tries < 255; tries++) {
      this.#lastId = (this.#lastId % 255) + 1;
      if (!this.#handlers.has(this.#lastId)) return this.#lastId;
    }
    throw new Error('more than 255 raw sockets are open');
  }

  #write(id: number, payload: Uint8Array): void {
    if (this.#child.stdin!.destroyed || this.#child.stdin!.writableEnded) return;
    const frame = Buffer.allocUnsafe(5 + payload.length);
    frame.writeUInt32BE(payload.length + 1, 0);
    frame[4] = id;
    frame.set(payload, 5);
    this.#frames.push(frame);
    // What is sent in one go wakes the helper once.
    if (this.#frames.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const { stdin } = this.#child;
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length === 0 || stdin!.destroyed || stdin!.writableEnded) return;
    stdin!.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    let at = 0;
    while (this.#buffer.length - at >= 5) {
      const length = this.#buffer.readUInt32BE(at);
      if (this.#buffer.length - at < 4 + length) break;
      const payload = this.#buffer.subarray(at + 5, at + 4 + length);
      const id = this.#buffer[at + 4]!;
      at += 4 + length;
      if (id === 0) this.#failed(payload.toString());
      else this.#handlers.get(id)?.data(payload);
    }
    this.#buffer = this.#buffer.subarray(at);
  }

  #failed(text: string): void {
    const [, id, errno] = text.split(' ');
    this.#handlers.get(Number(id))?.error(Number(errno) > 0 ? getSystemErrorName(-Number(errno)) : 'EIO');
  }
}
