import type { OnReadOpts } from 'node:net';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import type { Channel } from './channel.ts';

/**
 * What hosts say, without memory for each piece of it: all sockets read into one buffer, ssh2 decrypts there, and whoever
 * borrows the output of a command sees it there, before the next read. With a fresh buffer for each read and packet, memory
 * that nobody had touched before cost as much as the cipher. Everybody else gets pieces of their own.
 */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

/** Sockets whose pieces are lent: while it is on, else they are copied. */
const lending = new WeakMap<Duplex, { on: boolean; keepRest(): void }>();

/** Channels whose reader borrows. */
const borrowers = new WeakSet<Channel>();

/** For `net.connect`; `socket` is asked for when something has come. The socket has to be paused until somebody listens. */
export function readsIntoShared(socket: () => Socket): OnReadOpts {
  return {
    buffer: shared,
    callback: (length) => {
      const piece = shared.subarray(0, length);
      const state = lending.get(socket());
      socket().emit('data', state?.on === true ? piece : Buffer.from(piece));
      state?.keepRest();
      return true;
    },
  };
}

/** Lets the reader of a channel see its standard output where it lies: to be copied by whoever keeps it. */
export function borrow(channel: Channel): void {
  borrowers.add(channel);
}

const messages = { kexInit: 20, channelData: 94 } as const;

type OnPayload = (payload: Buffer) => unknown;

/** What we use of ssh2's inside; the version is pinned, and `test/loopback/remote-lent-reads.test.ts` holds what it does. */
interface Inside {
  readonly _protocol: {
    _onPayload: OnPayload;
    readonly _decipher: { _onPayload: OnPayload; _packet?: Uint8Array | null };
    readonly _handlers: { CHANNEL_DATA(protocol: unknown, recipient: number, data: Buffer): void };
  };
  readonly _chanMgr: { get(id: number): Channel | undefined };
}

/**
 * Begins to lend what comes through this connection, which is logged in. Only with the cipher that decrypts in place and
 * keeps nothing of what it was given; a new key exchange, whose messages are kept for a while, ends it.
 */
export function lendReads(client: Client, stream: Duplex): void {
  const { _protocol: protocol, _chanMgr: channels } = client as unknown as Inside;
  if (!(stream instanceof Socket) || protocol._decipher.constructor.name !== 'AESGCMDecipherBinding') return;
  const state = {
    on: true,
    // A packet that came whole, but for the end of its tag, waits where it lies; what is read next would overwrite it.
    keepRest: (): void => {
      const { _decipher: decipher } = protocol;
      if (decipher._packet?.buffer === shared.buffer) decipher._packet = Buffer.from(decipher._packet);
    },
  };
  const onPayload = protocol._onPayload;
  const take: OnPayload = (payload) => {
    if (payload[0] === messages.kexInit) state.on = false;
    return onPayload(payload[0] === messages.channelData ? payload : Buffer.from(payload));
  };
  protocol._onPayload = take;
  protocol._decipher._onPayload = take;
  const handlers = protocol._handlers;
  const onData = handlers.CHANNEL_DATA;
  handlers.CHANNEL_DATA = (self, recipient, data) => {
    const channel = channels.get(recipient);
    const lent = channel !== undefined && borrowers.has(channel) && passesOn(channel);
    onData(self, recipient, lent ? data : Buffer.from(data));
  };
  lending.set(stream, state);
}

/** True where the next piece reaches the reader within `push`, and is not kept in the stream. */
function passesOn(channel: Channel): boolean {
  const { flowing, length, sync } = (channel as unknown as { _readableState: ReadableState })._readableState;
  return flowing === true && length === 0 && !sync && channel.listenerCount('data') > 0;
}

interface ReadableState {
  readonly flowing: boolean | null;
  readonly length: number;
  readonly sync: boolean;
}
