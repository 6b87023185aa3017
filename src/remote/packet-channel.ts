import { Duplex, Readable } from 'node:stream';
import type { Channel } from './channel.ts';
import { type FieldReader, fields, messages } from './packets.ts';

/** How much may come before it is read, in bytes; OpenSSH's own clients offer the same. */
export const ownWindow = 2 * 1024 * 1024;
/** The most in one message, in bytes. */
export const ownPacket = 32 * 1024;

/** What the other side said about itself when the channel was opened. */
export interface Peer {
  readonly id: number;
  readonly window: number;
  readonly packet: number;
}

type Send = (type: number, body: Buffer) => void;

/** A request in a channel that came from the other side; false: refused. */
export type OnRequest = (name: string, body: FieldReader) => boolean | Promise<boolean>;

/** One channel of the connection protocol (RFC 4254, 5) with its two windows, as either side has it. */
export class PacketChannel extends Duplex implements Channel {
  readonly stderr: Readable;
  readonly #send: Send;
  readonly #peer: Peer;
  #window: number;
  #waiting: { chunk: Buffer; extended: boolean; done: () => void }[] = [];
  /** Bytes that came since the other side was last told that there is room. */
  #taken = 0;
  readonly #stalled = new Set<'stdout' | 'stderr'>();
  #sentEof = false;
  #inputEnded = false;
  #sentClose = false;
  #closedByPeer = false;
  readonly #replies: ((ok: boolean) => void)[] = [];
  onRequest: OnRequest = () => false;

  constructor(send: Send, peer: Peer) {
    super({ autoDestroy: false });
    this.#send = send;
    this.#peer = peer;
    this.#window = peer.window;
    this.stderr = new Readable({ autoDestroy: false, read: () => this.#flows('stderr') });
    this.stderr.once('end', () => this.#ended());
    this.once('end', () => this.#ended());
  }

  override _read(): void {
    this.#flows('stdout');
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#waiting.push({ chunk, extended: false, done });
    this.#flush();
  }

  /** Sends bytes as standard error, as the side of the host does. */
  writeError(chunk: Buffer, done: () => void): void {
    this.#waiting.push({ chunk, extended: true, done });
    this.#flush();
  }

  override _final(done: () => void): void {
    this.#sendEof();
    done();
  }

  /** Sends a request; resolves to whether it was granted where an answer is wanted, else at once. */
  request(name: string, wantsReply: boolean, body: Buffer = Buffer.alloc(0)): Promise<boolean> {
    if (this.#sentClose) return Promise.resolve(false);
    this.#send(messages.request, Buffer.concat([fields(this.#peer.id, name, wantsReply), body]));
    return wantsReply ? new Promise((resolve) => this.#replies.push(resolve)) : Promise.resolve(true);
  }

  close(): void {
    if (this.#sentClose) return;
    this.#sentClose = true;
    this.#send(messages.close, fields(this.#peer.id));
    for (const { done } of this.#waiting.splice(0)) done();
  }

  /** A message for this channel, without its number and the channel's. */
  receive(type: number, body: FieldReader): void {
    switch (type) {
      case messages.windowAdjust:
        this.#window += body.number();
        return void this.#flush();
      case messages.data:
        return void this.#deliver('stdout', body.bytes());
      case messages.extendedData:
        body.number();
        return void this.#deliver('stderr', body.bytes());
      case messages.eof:
        this.#endInput();
        return;
      case messages.close:
        this.#closedByPeer = true;
        this.close();
        this.#endInput();
        for (const reply of this.#replies.splice(0)) reply(false);
        return void this.#ended();
      case messages.success:
      case messages.failure:
        this.#replies.shift()?.(type === messages.success);
        return;
      case messages.request:
        return void this.#takeRequest(body);
    }
  }

  /** The connection is gone: nothing more will come. */
  lose(): void {
    this.#sentClose = true;
    this.#closedByPeer = true;
    for (const { done } of this.#waiting.splice(0)) done();
    for (const reply of this.#replies.splice(0)) reply(false);
    this.#endInput();
    this.#ended();
  }

  #takeRequest(body: FieldReader): void {
    const name = body.text();
    const wantsReply = body.byte() !== 0;
    let granted: boolean | Promise<boolean> = true;
    if (name === 'exit-status') this.emit('exit', body.number());
    else if (name === 'exit-signal') this.emit('exit', null, `SIG${body.text()}`);
    else granted = this.onRequest(name, body);
    const reply = (ok: boolean): void => {
      if (wantsReply && !this.#sentClose) this.#send(ok ? messages.success : messages.failure, fields(this.#peer.id));
    };
    if (typeof granted === 'boolean') reply(granted);
    else void granted.then(reply);
  }

  #deliver(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.#taken += bytes.length;
    const more = stream === 'stdout' ? this.push(bytes) : this.stderr.push(bytes);
    if (!more) this.#stalled.add(stream);
    this.#makeRoom();
  }

  #flows(stream: 'stdout' | 'stderr'): void {
    this.#stalled.delete(stream);
    this.#makeRoom();
  }

  #makeRoom(): void {
    if (this.#stalled.size > 0 || this.#taken < ownWindow / 2 || this.#sentClose) return;
    this.#send(messages.windowAdjust, fields(this.#peer.id, this.#taken));
    this.#taken = 0;
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#window > 0) {
      const first = this.#waiting[0]!;
      const size = Math.min(first.chunk.length, this.#window, this.#peer.packet);
      const part = first.chunk.subarray(0, size);
      if (!this.#sentClose && size > 0) {
        const head = first.extended ? fields(this.#peer.id, 1, part) : fields(this.#peer.id, part);
        this.#send(first.extended ? messages.extendedData : messages.data, head);
      }
      this.#window -= size;
      first.chunk = first.chunk.subarray(size);
      if (first.chunk.length > 0) continue;
      this.#waiting.shift();
      first.done();
    }
  }

  #sendEof(): void {
    if (this.#sentEof || this.#sentClose) return;
    this.#sentEof = true;
    this.#send(messages.eof, fields(this.#peer.id));
  }

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.push(null);
    this.stderr.push(null);
  }

  /** Over is a channel when the other side has closed it, and all that came was read. */
  #ended(): void {
    if (this.#closedByPeer && this.readableEnded && this.stderr.readableEnded) this.destroy();
  }
}
