import { Problem } from '../base/problem.ts';
import { execOn } from './exec.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import { putFile } from './transfer.ts';
import { openTunnel } from './tunnel.ts';
import type { Connection, Target } from './types.ts';
import { ShellWorker } from './worker.ts';

/** Connects and logs in; rejects as `openSession` does. */
export async function connect(target: Target, options: { signal?: AbortSignal | undefined } = {}): Promise<Connection> {
  return new SshConnection(await openSession(target, options));
}

class SshConnection implements Connection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get target(): Target {
    return this.#session.target;
  }

  get lost(): boolean {
    return this.#session.loss.problem !== undefined;
  }

  async worker(options: { become?: boolean; signal?: AbortSignal } = {}): Promise<ShellWorker> {
    const worker = new ShellWorker(this.#session, options.become === true && this.target.user !== 'root');
    await worker.start(options.signal);
    return worker;
  }

  exec(...[command, options]: Parameters<Connection['exec']>): ReturnType<Connection['exec']> {
    return execOn(this.#session, command, options);
  }

  reverseTunnel(...[accept]: Parameters<Connection['reverseTunnel']>): ReturnType<Connection['reverseTunnel']> {
    return openTunnel(this.#session, accept);
  }

  putFile(...[path, content, options]: Parameters<Connection['putFile']>): Promise<void> {
    return putFile(this.#session, path, content, options);
  }

  /** Ends the connection, and with it everything that still runs through it. */
  async close(): Promise<void> {
    const { transport, loss, target } = this.#session;
    if (loss.problem !== undefined) return;
    const seen = `Cannot use host "${target.name}" as the connection must be open: it was closed`;
    loss.declare(new Problem('hostUnreachable', seen));
    await transport.end();
  }
}
