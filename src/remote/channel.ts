import type { Duplex, Readable } from 'node:stream';
import type { ReverseTunnel } from './types.ts';

/**
 * One command on a host: what is written goes to its standard input, what is read is its standard output.
 * Emits `exit` with the exit code (null where a signal ended it, whose name follows), and `close` when it is over.
 */
export interface Channel extends Duplex {
  readonly stderr: Readable;
  /** Asks for the end of the channel; sshd confirms it when the command's last process has let go. */
  close(): void;
}

/** How a command ended; both null where nobody said. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

const exits = new WeakMap<Channel, Exit>();

/**
 * Notes how the channel's command ends. To be called as soon as there is a channel: a quick command's end comes in one
 * piece with the news that it began, before anybody who waits for a promise could listen.
 */
export function noteExit<T extends Channel>(channel: T): T {
  channel.once('exit', (code: number | null, name?: string) => exits.set(channel, { code, signal: signalName(name) }));
  return channel;
}

export function exitOf(channel: Channel): Exit {
  return exits.get(channel) ?? { code: null, signal: null };
}

/** `SIGKILL` for ssh's `KILL`. */
function signalName(name: string | undefined | null): string | null {
  if (name === undefined || name === null || name === '') return null;
  return name.startsWith('SIG') ? name : `SIG${name}`;
}

export interface ChannelOptions {
  readonly pty?: boolean | undefined;
}

/** The host answered, and said no. */
export class ChannelRefused extends Error {
  /** True where no channel was opened at all, as when sshd's MaxSessions are in use. */
  readonly atOpen: boolean;
  constructor(message: string, atOpen: boolean) {
    super(message);
    this.atOpen = atOpen;
  }
}

/** What carries the channels of one connection: ssh2, or OpenSSH's own client. All rejects with `ChannelRefused`. */
export interface Transport {
  /** Opens a channel that runs `command` by the user's login shell. */
  exec(command: string, options: ChannelOptions): Promise<Channel>;
  /** Sends a signal (`TERM`) by a request in the channel (RFC 4254, 6.9), also after the end of our input. */
  signal(channel: Channel, name: string): void;
  /** A stream from the host to an address that it reaches (RFC 4254, 7.2). */
  reach(host: string, port: number): Promise<Duplex>;
  /** Listens on 127.0.0.1 of the host, on a port that its kernel picks. */
  listen(accept: (stream: Duplex) => void): Promise<ReverseTunnel>;
  /** Ends the connection; resolves when it has ended, or will not confirm it. */
  end(): Promise<void>;
}
