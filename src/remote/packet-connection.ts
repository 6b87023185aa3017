import type { Duplex } from 'node:stream';
import { ChannelRefused } from './channel.ts';
import { ownPacket, ownWindow, PacketChannel } from './packet-channel.ts';
import { type Field, FieldReader, fields, messages, readBlocks } from './packets.ts';

/** A channel that the other side wants to open; undefined: refused. */
export type OnOpen = (type: string, body: FieldReader) => ((channel: PacketChannel) => void) | undefined;
/** A request about the whole connection; resolves to the answer's fields, rejects where it is refused. */
export type OnGlobal = (name: string, body: FieldReader) => Promise<Buffer>;

/** Why sshd opens no channel (RFC 4254, 5.1): "administratively prohibited", the others are about the way behind it. */
const prohibited = 1;

/**
 * The connection protocol of SSH (RFC 4254) on a stream that is private already: in the packets of RFC 4253, section 6,
 * without padding, encryption and MAC. A control master of OpenSSH in proxy mode speaks it, and so does our own agent.
 */
export class PacketConnection {
  readonly #stream: Duplex;
  readonly #channels = new Map<number, PacketChannel>();
  readonly #opening = new Map<number, { resolve: (channel: PacketChannel) => void; reject: (error: Error) => void }>();
  readonly #globals: { resolve: (body: FieldReader) => void; reject: (error: Error) => void }[] = [];
  #next = 0;
  #closed = false;
  onOpen: OnOpen = () => undefined;
  onGlobal: OnGlobal = () => Promise.reject(new Error('unknown'));
  /** Called once when the stream has ended; the channels end after it. */
  onClose: (why: string) => Promise<void> = async () => {};

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('error', (error) => this.#lose(error.message));
    stream.on('close', () => this.#lose('it was closed'));
    stream.on('end', () => this.#lose('it was closed'));
    readBlocks(
      stream,
      (block) => this.#take(block),
      (error) => stream.destroy(error),
    );
  }

  /** Rejects with `ChannelRefused`. */
  open(type: string, ...more: readonly Field[]): Promise<PacketChannel> {
    if (this.#closed) return Promise.reject(new ChannelRefused('the connection is closed', false));
    const id = this.#next++;
    this.#send(messages.open, fields(type, id, ownWindow, ownPacket, ...more));
    return new Promise((resolve, reject) => this.#opening.set(id, { resolve, reject }));
  }

  /** Resolves to the answer's fields; rejects with `ChannelRefused`. */
  global(name: string, ...more: readonly Field[]): Promise<FieldReader> {
    if (this.#closed) return Promise.reject(new ChannelRefused('the connection is closed', false));
    this.#send(messages.globalRequest, fields(name, true, ...more));
    return new Promise((resolve, reject) => this.#globals.push({ resolve, reject }));
  }

  /** What was sent still arrives. */
  end(): void {
    this.#stream.end();
    this.#lose('it was closed', false);
  }

  #send(type: number, body: Buffer): void {
    if (this.#closed) return;
    const head = Buffer.alloc(6);
    head.writeUInt32BE(body.length + 2);
    head.writeUInt8(type, 5);
    this.#stream.write(Buffer.concat([head, body]));
  }

  #take(block: Buffer): void {
    const type = block.readUInt8(1);
    const body = new FieldReader(block.subarray(2));
    switch (type) {
      case messages.open:
        return void this.#takeOpen(body);
      case messages.openConfirmation:
      case messages.openFailure:
        return void this.#takeAnswer(type, body);
      case messages.globalRequest:
        return void this.#takeGlobal(body);
      case messages.requestSuccess:
        return void this.#globals.shift()?.resolve(body);
      case messages.requestFailure:
        return void this.#globals.shift()?.reject(new ChannelRefused('the host refused', false));
    }
    if (type < messages.windowAdjust || type > messages.failure) return;
    const id = body.number();
    this.#channels.get(id)?.receive(type, body);
    if (type === messages.close) this.#channels.delete(id);
  }

  #takeOpen(body: FieldReader): void {
    const type = body.text();
    const peer = { id: body.number(), window: body.number(), packet: body.number() };
    const accept = this.onOpen(type, body);
    if (accept === undefined) return void this.#send(messages.openFailure, fields(peer.id, prohibited, 'refused', ''));
    const id = this.#next++;
    const channel = new PacketChannel((number, content) => this.#send(number, content), peer);
    this.#channels.set(id, channel);
    this.#send(messages.openConfirmation, fields(peer.id, id, ownWindow, ownPacket));
    accept(channel);
  }

  #takeAnswer(type: number, body: FieldReader): void {
    const id = body.number();
    const opening = this.#opening.get(id);
    this.#opening.delete(id);
    if (type === messages.openFailure) {
      body.number();
      return void opening?.reject(new ChannelRefused(body.text(), true));
    }
    const peer = { id: body.number(), window: body.number(), packet: body.number() };
    const channel = new PacketChannel((number, content) => this.#send(number, content), peer);
    this.#channels.set(id, channel);
    opening?.resolve(channel);
  }

  #takeGlobal(body: FieldReader): void {
    const name = body.text();
    const wantsReply = body.byte() !== 0;
    this.onGlobal(name, body).then(
      (answer) => wantsReply && this.#send(messages.requestSuccess, answer),
      () => wantsReply && this.#send(messages.requestFailure, Buffer.alloc(0)),
    );
  }

  #lose(why: string, destroy = true): void {
    if (this.#closed) return;
    this.#closed = true;
    if (destroy) this.#stream.destroy();
    else this.#stream.resume();
    const gone = new ChannelRefused(`the connection ended: ${why}`, false);
    for (const { reject } of [...this.#opening.values(), ...this.#globals.splice(0)]) reject(gone);
    this.#opening.clear();
    // Whoever waits for the connection hears of its end first: else a command would seem to have ended without a word.
    void this.onClose(why).then(() => {
      for (const channel of this.#channels.values()) channel.lose();
      this.#channels.clear();
    });
  }
}
