import type { Duplex } from 'node:stream';
import { hostFailed } from './problems.ts';
import { ask, type Session } from './session.ts';
import type { ReverseTunnel } from './types.ts';

type Accept = (stream: Duplex) => void;

/** All reverse tunnels of one connection, by the port on the host (RFC 4254, 7: tcpip-forward). */
export class Tunnels {
  readonly #session: Session;
  readonly #byPort = new Map<number, { accept: Accept; streams: Set<Duplex> }>();

  constructor(session: Session) {
    this.#session = session;
    session.client.on('tcp connection', (details, accept, reject) => {
      const tunnel = this.#byPort.get(details.destPort);
      if (tunnel === undefined) return reject();
      const stream = accept();
      tunnel.streams.add(stream);
      stream.on('close', () => tunnel.streams.delete(stream));
      // A peer that goes away in the middle is everyday; the one who accepted sees `close`.
      stream.on('error', () => {});
      tunnel.accept(stream);
    });
  }

  /** Listens on 127.0.0.1 of the host, on a port that its kernel picks. */
  async open(accept: Accept): Promise<ReverseTunnel> {
    const { client, target } = this.#session;
    const port = await ask<number>(
      this.#session,
      (done) => client.forwardIn('127.0.0.1', 0, done),
      (seen) =>
        hostFailed(
          `Cannot open a tunnel from host "${target.name}" as its sshd must listen for us: ${seen}`,
          'see AllowTcpForwarding and DisableForwarding in the sshd_config of that host',
        ),
    );
    const streams = new Set<Duplex>();
    this.#byPort.set(port, { accept, streams });
    return { port, close: () => this.#close(port) };
  }

  async #close(port: number): Promise<void> {
    const tunnel = this.#byPort.get(port);
    if (tunnel === undefined) return;
    this.#byPort.delete(port);
    for (const stream of tunnel.streams) stream.destroy();
    if (this.#session.loss.problem !== undefined) return;
    await ask<void>(
      this.#session,
      (done) => this.#session.client.unforwardIn('127.0.0.1', port, (error) => done(error, undefined)),
      (seen) =>
        hostFailed(`Cannot close the tunnel from host "${this.#session.target.name}" as sshd must let go: ${seen}`),
    );
  }
}
