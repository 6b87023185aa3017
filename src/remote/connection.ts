import { Problem } from '../base/problem.ts';
import { execOn } from './exec.ts';
import { login } from './login.ts';
import type { Session } from './session.ts';
import { putFile } from './transfer.ts';
import { Tunnels } from './tunnel.ts';
import type { Connection, Target } from './types.ts';
import { ShellWorker } from './worker.ts';

/** Connects and logs in; rejects as `login` does. */
export async function connect(target: Target, options: { signal?: AbortSignal | undefined } = {}): Promise<Connection> {
  return new SshConnection(await login(target, options));
}

class SshConnection implements Connection {
  readonly #session: Session;
  readonly #tunnels: Tunnels;

  constructor(session: Session) {
    this.#session = session;
    this.#tunnels = new Tunnels(session);
  }

  get target(): Target {
    return this.#session.target;
  }

  async worker(options: { become?: boolean } = {}): Promise<ShellWorker> {
    const worker = new ShellWorker(this.#session, options.become === true && this.target.user !== 'root');
    await worker.start();
    return worker;
  }

  exec(...[command, options]: Parameters<Connection['exec']>): ReturnType<Connection['exec']> {
    return execOn(this.#session, command, options);
  }

  reverseTunnel(...[accept]: Parameters<Connection['reverseTunnel']>): ReturnType<Connection['reverseTunnel']> {
    return this.#tunnels.open(accept);
  }

  putFile(...[path, content, options]: Parameters<Connection['putFile']>): Promise<void> {
    return putFile(this.#session, path, content, options);
  }

  /** Ends the connection, and with it everything that still runs through it. */
  async close(): Promise<void> {
    const { client, loss, target } = this.#session;
    if (loss.problem !== undefined) return;
    await new Promise<void>((resolve) => {
      client.on('close', () => resolve());
      loss.declare(
        new Problem(
          'hostUnreachable',
          `Cannot use host "${target.name}" as the connection must be open: it was closed`,
        ),
      );
      client.end();
      // A host that is gone never confirms the end.
      setTimeout(() => client.destroy(), 500).unref();
    });
  }
}
