import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Problem } from '../../base/problem.ts';
import type { Complaints } from './complaints.ts';
import type { ServedCluster } from './served-cluster.ts';

/** All connections of one port, and those of one address: nodes have two each, many may be behind one address. */
const mostConnections = 2048;
const mostOfOneAddress = 256;

/** Milliseconds for the handshake: one round trip and a few lost packets. */
const handshakePatience = 10_000;

export interface ArbiterServerOptions {
  readonly port: number;
  readonly cluster: (name: string) => ServedCluster | undefined;
  readonly complaints: Complaints;
  readonly count: (reason: string) => void;
}

/**
 * One port on which nodes connect. The server name of TLS is the cluster's: it selects whose certificate is shown, and whose
 * pins count. Nobody gets further than the handshake without the private key of a pinned certificate.
 */
export class ArbiterServer {
  readonly #options: ArbiterServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #ofAddress = new Map<string, number>();

  constructor(options: ArbiterServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        minVersion: 'TLSv1.3',
        maxVersion: 'TLSv1.3',
        requestCert: true,
        // Trust is a matter of pins alone (judgeCertificate): an authority could not add anything.
        rejectUnauthorized: false,
        handshakeTimeout: handshakePatience,
        SNICallback: (name, done) => {
          const context = options.cluster(name)?.context;
          if (context !== undefined) done(null, context);
          else done(new Error(`no cluster "${name.slice(0, 64)}" is served here`));
        },
      },
      (socket) => this.#meet(socket),
    );
    this.#server.maxConnections = mostConnections;
    this.#server.on('connection', (socket) => this.#arrive(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      options.count('handshake-failed');
      const address = socket.remoteAddress ?? 'somebody';
      options.complaints.say(
        'refused',
        `handshake ${address}`,
        `no handshake with ${address}: ${error.message.trim()}`,
      );
    });
    this.#server.on('drop', () => options.count('too-many-connections'));
  }

  /** Resolves when the port is open. Throws a Problem where it is taken. */
  listen(): Promise<void> {
    const { port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const hint =
          error.code === 'EADDRINUSE' ? `somebody else listens there: ss -ltnp 'sport = :${port}'` : undefined;
        reject(
          new Problem('defect', `Cannot open arbiter port "${port}" as it must be free: ${error.message}`, { hint }),
        );
      });
      this.#server.listen(port, () => resolve());
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #arrive(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const open = (this.#ofAddress.get(address) ?? 0) + 1;
    if (open > mostOfOneAddress) {
      this.#options.count('too-many-connections');
      socket.destroy();
      return;
    }
    this.#ofAddress.set(address, open);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#ofAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#ofAddress.set(address, left);
      else this.#ofAddress.delete(address);
    });
  }

  #meet(socket: TLSSocket): void {
    const name = (socket as TLSSocket & { servername?: string | false }).servername;
    const cluster = typeof name === 'string' ? this.#options.cluster(name) : undefined;
    // Without a server name there is no certificate to show, so that nobody comes here; a cluster may just have gone.
    if (cluster === undefined) socket.destroy();
    else cluster.meet(socket, socket.remoteAddress ?? 'somebody');
  }
}
