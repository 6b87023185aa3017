import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { Problem } from '../base/problem.ts';
import { type ControlAnswer, type ControlRequest, readControlRequest } from '../wire/control.ts';

/** Longest line that a client may send, in characters. */
const longestLine = 4096;

/** The control socket: whoever may open it (root) may ask and command. */
export class ControlServer {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => {
      this.#clients.add(client);
      client.once('close', () => this.#clients.delete(client));
    });
  }

  /**
   * Listens at `path`; the socket is also the lock that keeps a second musterd away: throws a Problem where one answers.
   * Requests of one client are answered in their order.
   */
  static async listen(
    path: string,
    answer: (request: ControlRequest) => Promise<ControlAnswer>,
  ): Promise<ControlServer> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    if (await somebodyListens(path)) {
      throw new Problem(
        'defect',
        `Cannot start musterd on "${path}" as only one may run on a node: another one answers there`,
        {
          hint: 'systemctl status musterd',
        },
      );
    }
    rmSync(path, { force: true });
    const server = createServer((client) => serve(client, answer));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    return new ControlServer(server);
  }

  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }
}

function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(path);
    client.once('connect', () => {
      client.destroy();
      resolve(true);
    });
    client.once('error', () => resolve(false));
  });
}

function serve(client: Socket, answer: (request: ControlRequest) => Promise<ControlAnswer>): void {
  let buffer = '';
  let before = Promise.resolve();
  client.setEncoding('utf8');
  client.on('error', () => client.destroy());
  client.on('data', (chunk: string) => {
    buffer += chunk;
    const lines = buffer.split('\n');
    buffer = lines.pop()!;
    if (buffer.length > longestLine) client.destroy();
    for (const line of lines) before = before.then(() => respond(client, line, answer));
  });
}

async function respond(
  client: Socket,
  line: string,
  answer: (request: ControlRequest) => Promise<ControlAnswer>,
): Promise<void> {
  const request = readControlRequest(line);
  const said: ControlAnswer = typeof request === 'string' ? { ok: false, text: request } : await answer(request);
  if (client.writable) client.write(`${JSON.stringify(said)}\n`);
}
