import { type Channel, ChannelRefused, exitOf } from '../channel.ts';
import type { PacketChannel } from '../packet-channel.ts';
import type { PacketConnection } from '../packet-connection.ts';
import { asStream } from '../packet-transport.ts';
import { type FieldReader, fields } from '../packets.ts';
import type { Session } from '../session.ts';
import type { ReverseTunnel } from '../types.ts';
import { requests } from './protocol.ts';

/** A worker shell that nobody uses: it waits for the next who wants the same command. */
export interface Parked {
  readonly command: string;
  readonly channel: Channel;
  readonly group: number;
}

/** Carries the channels of one client over a session that the agent holds. */
export class Bridge {
  readonly #session: Session;
  readonly #parked: Parked[];
  readonly #connection: PacketConnection;
  /** Settled when nothing else of ours is left on the connection that was there before; undefined: that was waited for. */
  #before: Promise<void> | undefined;
  /** Commands of the client that run. */
  readonly #running = new Set<Channel>();
  readonly #tunnels = new Map<number, ReverseTunnel>();

  constructor(
    connection: PacketConnection,
    { session, parked }: { readonly session: Session; readonly parked: Parked[] },
    before: Promise<void>,
    onEnd: (clean: boolean) => void,
  ) {
    this.#connection = connection;
    this.#session = session;
    this.#parked = parked;
    this.#before = before;
    connection.onOpen = (type) => (type === 'session' ? (channel) => this.#serve(channel) : undefined);
    connection.onGlobal = (name, body) => this.#global(name, body);
    const forget = session.loss.wait(({ message }) => {
      connection.global(requests.lost, message).catch(() => {});
      // A client that does not read is not waited for.
      setTimeout(() => connection.end(), 100);
    });
    connection.onClose = async () => {
      forget();
      for (const tunnel of this.#tunnels.values()) void tunnel.close().catch(() => {});
      onEnd(this.#running.size === 0);
    };
  }

  #serve(channel: PacketChannel): void {
    let pty = false;
    let inner: Channel | undefined;
    let command = '';
    channel.on('error', () => {});
    channel.stderr.resume();
    channel.onRequest = (name, body) => {
      if (name === 'exec') {
        command = body.text();
        return this.#exec(command, pty).then(
          (opened) => {
            inner = opened;
            this.#join(channel, opened);
            return true;
          },
          // Where the connection is lost, its end is the answer.
          () => (this.#session.loss.problem === undefined ? false : new Promise<boolean>(() => {})),
        );
      }
      if (name === 'pty-req') pty = true;
      else if (name === 'signal' && inner !== undefined) this.#session.transport.signal(inner, body.text());
      else if (name === requests.park && inner !== undefined)
        this.#park(channel, { command, channel: inner, group: body.number() });
      return true;
    };
  }

  /** A parked worker shell, or a new channel; where sshd gives no more, parked ones make room. */
  async #exec(command: string, pty: boolean): Promise<Channel> {
    const at = pty ? -1 : this.#parked.findIndex((parked) => parked.command === command);
    if (at !== -1) return this.#parked.splice(at, 1)[0]!.channel;
    let again = false;
    for (;;) {
      try {
        return await this.#session.transport.exec(command, { pty });
      } catch (error) {
        const full = error instanceof ChannelRefused && error.atOpen;
        if (full && this.#before !== undefined) {
          await this.#before;
          // Right behind the end of a channel sshd may hear of both together, and count it still: so once more.
          if (again) this.#before = undefined;
          again = true;
          continue;
        }
        const parked = full ? this.#parked.pop() : undefined;
        if (parked === undefined) throw error;
        const closed = new Promise((resolve) => parked.channel.once('close', resolve));
        parked.channel.end();
        parked.channel.resume();
        await closed;
      }
    }
  }

  #join(channel: PacketChannel, inner: Channel): void {
    this.#running.add(inner);
    channel.pipe(inner);
    inner.pipe(channel);
    inner.on('error', () => {});
    let pending = 0;
    inner.stderr.on('data', (chunk: Buffer) => {
      pending++;
      inner.stderr.pause();
      channel.writeError(chunk, () => {
        pending--;
        inner.stderr.resume();
      });
    });
    inner.stderr.resume();
    const finish = (): void => {
      if (pending > 0 || !channel.writableFinished) return void setImmediate(finish);
      const { code, signal } = exitOf(inner);
      if (code !== null) void channel.request('exit-status', false, fields(code));
      else if (signal !== null) void channel.request('exit-signal', false, fields(signal.slice(3), false, '', ''));
      channel.close();
    };
    inner.once('close', () => {
      this.#running.delete(inner);
      // A command that ends with the connection has not ended by itself: the client hears of the connection.
      if (this.#session.loss.problem !== undefined) return;
      channel.end();
      if (!channel.destroyed) finish();
    });
    channel.once('close', () => {
      if (this.#running.has(inner)) inner.close();
    });
  }

  #park(channel: PacketChannel, parked: Parked): void {
    const { channel: inner } = parked;
    this.#running.delete(inner);
    channel.unpipe(inner);
    inner.unpipe(channel);
    inner.removeAllListeners('close');
    inner.removeAllListeners('error');
    inner.stderr.removeAllListeners('data');
    inner.on('error', () => {});
    inner.pause();
    inner.stderr.pause();
    inner.once('close', () => {
      const at = this.#parked.indexOf(parked);
      if (at !== -1) this.#parked.splice(at, 1);
    });
    this.#parked.push(parked);
    channel.close();
  }

  async #global(name: string, body: FieldReader): Promise<Buffer> {
    if (name === 'cancel-tcpip-forward') {
      body.text();
      const port = body.number();
      await this.#tunnels.get(port)?.close();
      this.#tunnels.delete(port);
      return Buffer.alloc(0);
    }
    if (name !== 'tcpip-forward') throw new Error('unknown');
    const tunnel = await this.#session.transport.listen((stream) => {
      this.#connection.open('forwarded-tcpip', '127.0.0.1', tunnel.port, '127.0.0.1', 0).then(
        (channel) => {
          const far = asStream(channel);
          stream.on('close', () => far.destroy());
          far.on('close', () => stream.destroy());
          stream.pipe(far).pipe(stream);
        },
        () => stream.destroy(),
      );
    });
    this.#tunnels.set(tunnel.port, tunnel);
    return fields(tunnel.port);
  }
}
