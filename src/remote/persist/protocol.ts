import { lstatSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExitReason, Problem } from '../../base/problem.ts';
import { makeFolderSync } from '../../files/make-folder.ts';
import type { Target } from '../types.ts';

/** What a client says first: one line of JSON. */
export type Order =
  | {
      readonly want: 'session';
      readonly target: Target;
      readonly persistMs: number;
      /** For the login; nobody but us can read the socket. */
      readonly password: string | undefined;
      readonly mayAsk: boolean;
    }
  /** Commands on connections that are open: from the answer on, blocks of `commandWords`. */
  | { readonly want: 'commands' }
  | { readonly want: 'status' }
  | { readonly want: 'stop' };

/** What the agent says to it, a line each, until it is `ready`: from then on both speak RFC 4254. */
export type Answer =
  /** At once: somebody is there, who begins now. */
  | { readonly heard: true }
  | { readonly ask: 'secret' | 'line'; readonly question: string }
  | { readonly problem: { readonly reason: ExitReason; readonly message: string; readonly hint: string | undefined } }
  | {
      readonly ready: true;
      /** True where the connection was open already. */
      readonly warm: boolean;
      /** Process groups of worker shells on the host that nobody uses now. */
      readonly workerGroups: readonly number[];
    }
  | { readonly status: AgentStatus }
  | { readonly stopped: number };

/** The client's line to `ask`; null: nobody answers. */
export interface Reply {
  readonly answer: string | null;
}

export interface AgentStatus {
  readonly pid: number;
  readonly rssBytes: number;
  readonly sessions: readonly {
    readonly host: string;
    readonly address: string;
    readonly user: string;
    readonly state: 'in use' | 'idle';
    readonly workers: number;
    /** Until it is closed, if nobody uses it; in milliseconds. */
    readonly leftMs: number | undefined;
  }[];
}

/** Requests of ours beside those of RFC 4254. */
export const requests = {
  /** In a channel: keep the worker shell in it (a uint32: its process group) for the next client. */
  park: 'park@muster',
  /** About nothing: whoever refuses it is there. */
  there: 'keepalive@muster',
  /** About the connection: it is lost, and why. */
  lost: 'lost@muster',
} as const;

/**
 * What is said of commands, after `want: 'commands'`: blocks of a number (the client's, for one command), one of these words
 * and what belongs to it.
 */
export const commandWords = {
  /** With a `CommandOrder`, in JSON. */
  run: 'run',
  /** End the command. */
  stop: 'stop',
  /** Whoever gets it sends it back: it is there. */
  there: 'there',
  /** No such connection is open and free: nothing was done. */
  elsewhere: 'elsewhere',
  stdout: 'stdout',
  stderr: 'stderr',
  /** With a `CommandEnd`, in JSON. */
  end: 'end',
} as const;

export interface CommandOrder {
  /** `targetKey` of the host. */
  readonly key: string;
  readonly name: string;
  readonly persistMs: number;
  readonly command: string;
  readonly as: 'user' | 'root' | undefined;
  readonly timeoutMs: number | undefined;
}

export type CommandEnd =
  | {
      readonly rc: number | null;
      readonly signal: string | null;
      readonly seconds: number;
      readonly timedOut: boolean;
    }
  | {
      readonly problem: {
        readonly reason: ExitReason;
        readonly message: string;
        readonly hint: string | undefined;
        /** The connection ended in the middle. */
        readonly lost: boolean;
      };
    };

/**
 * The socket's path, in a directory that is ours alone; its name has the protocol's version in it.
 * Throws a `Problem` where somebody else has put something there.
 */
export function agentSocketPath(): string {
  const uid = process.getuid?.() ?? 0;
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  const dir = runtime ? join(runtime, 'muster') : join(tmpdir(), `muster-${uid}`);
  try {
    makeFolderSync(dir, 0o700);
  } catch (error) {
    const seen = (error as Error).message;
    const message = `Cannot keep connections open as ${dir} must be a directory of yours alone: ${seen}`;
    throw new Problem('badInput', message, { hint: 'set XDG_RUNTIME_DIR to a directory that you can write to' });
  }
  const seen = lstatSync(dir);
  if (!seen.isDirectory() || seen.uid !== uid || (seen.mode & 0o077) !== 0) {
    const message = `Cannot keep connections open as ${dir} must be a directory of yours alone: it is not`;
    throw new Problem('badInput', message, { hint: `chmod 700 ${dir}, if it is yours` });
  }
  return join(dir, 'agent-3.sock');
}

/** An agent that says nothing for this long is stopped or hangs: nobody waits for it any longer. In milliseconds. */
export const deafMs = 5000;

/** Lines of JSON on a socket, until it is used for something else. */
export class JsonLines {
  readonly #socket: Socket;
  #held = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #ended = false;
  readonly #onData = (chunk: Buffer): void => {
    this.#held = Buffer.concat([this.#held, chunk]);
    this.#wake?.();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', this.#onEnd).on('end', this.#onEnd).on('close', this.#onEnd).on('data', this.#onData);
  }

  send(value: Order | Answer | Reply): void {
    this.#socket.write(`${JSON.stringify(value)}\n`);
  }

  /** The next line; undefined at the end, and where none comes within a time. Rejects for what is no JSON. */
  async next(withinMs?: number): Promise<unknown> {
    let late = false;
    const stop = (): void => {
      late = true;
      this.#wake?.();
    };
    const timer = withinMs === undefined ? undefined : setTimeout(stop, withinMs);
    try {
      return await this.#line(() => late);
    } finally {
      clearTimeout(timer);
    }
  }

  async #line(late: () => boolean): Promise<unknown> {
    for (;;) {
      const at = this.#held.indexOf(0x0a);
      if (at !== -1) {
        const line = this.#held.toString('utf8', 0, at);
        this.#held = this.#held.subarray(at + 1);
        return JSON.parse(line);
      }
      if (this.#ended || late()) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Leaves the socket to others, with what has come already; they call `resume` when they listen. */
  leave(): void {
    this.#socket.off('error', this.#onEnd).off('end', this.#onEnd).off('close', this.#onEnd).off('data', this.#onData);
    this.#socket.pause();
    if (this.#held.length > 0) this.#socket.unshift(this.#held);
  }
}
