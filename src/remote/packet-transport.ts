import type { Duplex } from 'node:stream';
import { type Channel, type ChannelOptions, ChannelRefused, noteExit, type Transport } from './channel.ts';
import type { PacketChannel } from './packet-channel.ts';
import type { PacketConnection } from './packet-connection.ts';
import { fields } from './packets.ts';
import type { ReverseTunnel, Target } from './types.ts';

/** The channels of a connection that another process holds. */
export abstract class PacketTransport implements Transport {
  protected readonly connection: PacketConnection;
  protected readonly target: Target;

  constructor(connection: PacketConnection, target: Target) {
    this.connection = connection;
    this.target = target;
  }

  async exec(command: string, { pty }: ChannelOptions): Promise<Channel> {
    const channel = noteExit(await this.connection.open('session'));
    for (const [name, value] of Object.entries(this.target.environment ?? {})) {
      void channel.request('env', false, fields(name, value));
    }
    if (this.target.forwardAgent === true) void channel.request('auth-agent-req@openssh.com', false);
    // 80 columns and 24 rows, no pixels, no modes (RFC 4254, 6.2).
    if (pty)
      void channel.request('pty-req', false, fields(process.env.TERM ?? 'xterm', 80, 24, 640, 480, Buffer.from([0])));
    if (await channel.request('exec', true, fields(command))) return channel;
    channel.close();
    throw new ChannelRefused('it does not run commands', false);
  }

  signal(channel: Channel, name: string): void {
    void (channel as PacketChannel).request('signal', false, fields(name));
  }

  reach(host: string, port: number): Promise<Duplex> {
    return this.connection.open('direct-tcpip', host, port, '127.0.0.1', 0).then(asStream);
  }

  abstract listen(accept: (stream: Duplex) => void): Promise<ReverseTunnel>;
  abstract end(): Promise<void>;
}

/** A channel as a socket would be: when one of its ends is done with it, it goes. */
export function asStream(channel: PacketChannel): Duplex {
  channel.stderr.resume();
  channel.once('finish', () => channel.readableEnded && channel.close());
  channel.once('end', () => channel.writableFinished && channel.close());
  const { destroy } = channel;
  channel.destroy = (error?: Error) => {
    channel.close();
    return destroy.call(channel, error);
  };
  return channel;
}
