import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { type Channel, type ChannelOptions, ChannelRefused, noteExit, type Transport } from './channel.ts';
import type { ReverseTunnel, Target } from './types.ts';

type Accept = (stream: Duplex) => void;

/** A host that is gone never confirms the end; in milliseconds. */
const endMs = 500;

/** What we use of ssh2's inside; the version is pinned, and `test/loopback/run-interrupt.test.ts` holds what it does. */
interface InsideChannel {
  readonly outgoing: { readonly id: number; readonly state: string };
}
interface InsideClient {
  readonly _protocol: { signal(channel: number, name: string): void };
}

/** The channels of one connection of ssh2. */
export class Ssh2Transport implements Transport {
  readonly #client: Client;
  readonly #target: Target;
  readonly #stream: Duplex;
  readonly #tunnels = new Map<number, { accept: Accept; streams: Set<Duplex> }>();

  /** `stream` is what the client speaks through. */
  constructor(client: Client, target: Target, stream: Duplex) {
    this.#client = client;
    this.#stream = stream;
    this.#target = target;
    client.on('tcp connection', (details, accept, reject) => {
      const tunnel = this.#tunnels.get(details.destPort);
      if (tunnel === undefined) return reject();
      const stream = accept();
      tunnel.streams.add(stream);
      stream.on('close', () => tunnel.streams.delete(stream));
      // A peer that goes away in the middle is everyday; the one who accepted sees `close`.
      stream.on('error', () => {});
      tunnel.accept(stream);
    });
  }

  exec(command: string, options: ChannelOptions): Promise<Channel> {
    const { environment, forwardAgent, lendKeys } = this.#target;
    return ask<ClientChannel>((done) =>
      this.#client.exec(
        command,
        {
          ...(options.pty && { pty: { term: process.env.TERM ?? 'xterm' } }),
          ...(environment !== undefined && { env: { ...environment } }),
          ...((forwardAgent === true || lendKeys === true) && { agentForward: true }),
        },
        (error, channel) => done(error, error ? channel : noteExit(channel)),
      ),
    );
  }

  signal(channel: Channel, name: string): void {
    const { outgoing } = channel as unknown as InsideChannel;
    if (outgoing.state !== 'open' && outgoing.state !== 'eof') return;
    // The protocol allows requests after our end of input, where ssh2's channel drops them.
    (this.#client as unknown as InsideClient)._protocol.signal(outgoing.id, name);
  }

  reach(host: string, port: number): Promise<Duplex> {
    return ask<ClientChannel>((done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done));
  }

  async listen(accept: Accept): Promise<ReverseTunnel> {
    const port = await ask<number>((done) => this.#client.forwardIn('127.0.0.1', 0, done));
    this.#tunnels.set(port, { accept, streams: new Set() });
    return { port, close: () => this.#stopListening(port) };
  }

  async #stopListening(port: number): Promise<void> {
    const tunnel = this.#tunnels.get(port);
    if (tunnel === undefined) return;
    this.#tunnels.delete(port);
    for (const stream of tunnel.streams) stream.destroy();
    await ask<void>((done) => this.#client.unforwardIn('127.0.0.1', port, (error) => done(error, undefined)));
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const stream = this.#stream;
      this.#client.on('close', () => resolve());
      // What was written to a socket leaves without us: nobody has to wait for the host to clean up.
      if (stream instanceof Socket) {
        stream.once('finish', () => {
          stream.unref();
          resolve();
        });
      }
      this.#client.end();
      setTimeout(() => this.#client.destroy(), endMs).unref();
    });
  }
}

/** One of ssh2's functions that end in a callback, or throw where the connection is gone. */
function ask<T>(start: (done: (error: Error | undefined | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error & { reason?: unknown }): void =>
      reject(new ChannelRefused(error.message, error.reason !== undefined));
    try {
      start((error, value) => (error ? refuse(error) : resolve(value)));
    } catch (error) {
      refuse(error as Error);
    }
  });
}
