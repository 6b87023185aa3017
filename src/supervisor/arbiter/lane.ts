import type { TLSSocket } from 'node:tls';
import { type Frame, type FrameKind, FrameReader, writeFrame } from '../../wire/stream.ts';

/** What waits in a connection that does not move; beyond it nothing is added, as it would come too late anyway. */
const longestBacklog = 64 * 1024;

/** Between two looks at how far away the other side is; milliseconds. */
const pingInterval = 1000;

/** So many of the latest round trips are looked at: the shortest is how far away the other side is, without queues. */
const measured = 10;

export interface LaneHandlers {
  readonly now: () => number;
  /** Every frame but pings. */
  readonly onFrame: (frame: Frame) => void;
  /** Once, whoever ended it. */
  readonly onClose: (why: string) => void;
  /** Milliseconds without any frame after which the connection counts as dead. */
  readonly patience: number;
}

/** One connection between a node and an arbiter after its TLS handshake: frames both ways, and how far away the other is. */
export class Lane {
  readonly #socket: TLSSocket;
  readonly #handlers: LaneHandlers;
  readonly #reader = new FrameReader();
  readonly #timer: NodeJS.Timeout;
  readonly #pings = new Map<number, number>();
  #lastPing = 0;
  #heardAt: number;
  #closed = false;
  readonly #trips: number[] = [];

  constructor(socket: TLSSocket, handlers: LaneHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#heardAt = handlers.now();
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.close(error.message));
    socket.on('close', () => this.close('the other side hung up'));
    this.#timer = setInterval(() => this.#look(), pingInterval);
    this.#look();
  }

  /** Milliseconds; undefined until the first answer. */
  get roundTrip(): number | undefined {
    return this.#trips.length === 0 ? undefined : Math.min(...this.#trips);
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** Sends a frame, or drops it where the connection stalls: a lost datagram, which everybody is used to. */
  send(kind: FrameKind, payload: Uint8Array): void {
    if (this.#closed || this.#socket.writableLength > longestBacklog) return;
    this.#socket.write(writeFrame(kind, payload));
  }

  /** Says why, as the last thing, and hangs up. */
  refuse(why: string): void {
    if (this.#closed) return;
    this.#socket.end(writeFrame('refused', Buffer.from(why.slice(0, 300))));
    this.#finish(why);
    setTimeout(() => this.#socket.destroy(), pingInterval).unref();
  }

  close(why: string): void {
    this.#socket.destroy();
    this.#finish(why);
  }

  #finish(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#handlers.onClose(why);
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    this.#heardAt = this.#handlers.now();
    const frames = this.#reader.push(chunk);
    if (frames === undefined) this.close('it does not speak our frames');
    for (const frame of frames ?? []) {
      if (this.#closed) return;
      if (frame.kind === 'ping') this.send('pong', frame.payload);
      else if (frame.kind === 'pong') this.#measure(frame.payload);
      else this.#handlers.onFrame(frame);
    }
  }

  #look(): void {
    const now = this.#handlers.now();
    if (now - this.#heardAt > this.#handlers.patience) {
      this.close(`nothing came for ${Math.round(now - this.#heardAt)} ms`);
      return;
    }
    this.#lastPing = (this.#lastPing + 1) >>> 0;
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(this.#lastPing);
    this.#pings.set(this.#lastPing, now);
    // What was not answered in half a minute never is.
    this.#pings.delete((this.#lastPing - 30) >>> 0);
    this.send('ping', payload);
  }

  #measure(payload: Buffer): void {
    if (payload.length !== 4) return;
    const number = payload.readUInt32BE();
    const sentAt = this.#pings.get(number);
    if (sentAt === undefined) return;
    this.#pings.delete(number);
    this.#trips.push(this.#handlers.now() - sentAt);
    if (this.#trips.length > measured) this.#trips.shift();
  }
}
