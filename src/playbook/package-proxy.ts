import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PackageCache } from './package-cache.ts';

export interface ProxyCounters {
  /** Requests that hosts made, and those of them that went on to the internet. */
  requests: number;
  upstream: number;
  bytesFromUpstream: number;
}

/**
 * An HTTP proxy for package managers that listens nowhere: connections come to it through SSH tunnels. What it fetches
 * goes through the cache, so that each file is downloaded once, also where several hosts ask for it at once.
 * https sources pass through as they are (CONNECT). Hosts outside of `allowed` are refused: whoever is on the node can
 * reach the tunnel's port, and must not reach the controller's network by it.
 */
export class PackageProxy {
  readonly counters: ProxyCounters = { requests: 0, upstream: 0, bytesFromUpstream: 0 };
  readonly #cache: PackageCache;
  readonly #server: Server;
  readonly #allowed = new WeakMap<Duplex, ReadonlySet<string>>();
  readonly #open = new Set<Duplex>();

  constructor(cache: PackageCache) {
    this.#cache = cache;
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      void this.#answer(request, response).catch((error: Error) => {
        if (response.headersSent) response.destroy();
        else refuse(response, 502, `the controller could not fetch it: ${error.message}`);
      });
    });
    this.#server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#connect(request, socket, head),
    );
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Serves one connection that came through a tunnel. */
  accept(stream: Duplex, allowed: ReadonlySet<string>): void {
    this.#allowed.set(stream, allowed);
    this.#open.add(stream);
    stream.on('close', () => this.#open.delete(stream));
    stream.on('error', () => {});
    this.#server.emit('connection', asSocket(stream));
  }

  close(): void {
    for (const stream of this.#open) stream.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counters.requests++;
    const url = parseUrl(request.url);
    if (url === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      return refuse(response, 400, 'this is a proxy for packages: GET of an absolute http address');
    }
    if (!this.#allowed.get(request.socket)?.has(url.host)) {
      return refuse(response, 403, `"${url.host}" is in none of this host's package sources`);
    }
    const file = await this.#cache.get(url, (target, headers) => this.#fetch(target, headers));
    if (file.status !== 200) return refuse(response, file.status, file.statusText);
    const since = request.headers['if-modified-since'];
    if (since !== undefined && since === file.lastModified) {
      response.writeHead(304);
      response.end();
      return;
    }
    await file.send(request, response);
  }

  #fetch(url: URL, headers: Record<string, string>): Promise<IncomingMessage> {
    this.counters.upstream++;
    const through = upstreamProxy(url);
    return new Promise((resolve, reject) => {
      const outgoing =
        through === undefined
          ? (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { headers })
          : httpRequest({
              host: through.hostname,
              port: through.port || 80,
              path: url.href,
              headers: { host: url.host, ...headers },
            });
      outgoing.setTimeout(60_000, () => outgoing.destroy(new Error('no answer within 60 s')));
      outgoing.on('response', (incoming) => {
        incoming.on('data', (chunk: Buffer) => {
          this.counters.bytesFromUpstream += chunk.length;
        });
        incoming.pause();
        resolve(incoming);
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.counters.requests++;
    const [host = '', port = '443'] = (request.url ?? '').split(':');
    const allowed = this.#allowed.get(socket);
    if (!allowed?.has(host) && !allowed?.has(`${host}:${port}`)) {
      socket.end('HTTP/1.1 403 Not in the package sources\r\n\r\n');
      return;
    }
    this.counters.upstream++;
    const upstream = connect({ host, port: Number(port) }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on('error', () => socket.end('HTTP/1.1 502 Bad gateway\r\n\r\n'));
    socket.on('close', () => upstream.destroy());
    socket.on('error', () => upstream.destroy());
  }
}

/** Node's HTTP server asks its connections for methods that only sockets have; a tunnel's stream needs none of them. */
function asSocket(stream: Duplex): Duplex {
  const methods = {
    setTimeout: () => stream,
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
  };
  for (const [name, method] of Object.entries(methods)) {
    if (!(name in stream)) Object.defineProperty(stream, name, { value: method });
  }
  return stream;
}

function parseUrl(text: string | undefined): URL | undefined {
  try {
    const url = new URL(text ?? '');
    return url.protocol === 'http:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The controller's own way out, where it has a proxy for http. */
function upstreamProxy(url: URL): URL | undefined {
  const set = process.env.http_proxy ?? process.env.HTTP_PROXY;
  const except = (process.env.no_proxy ?? process.env.NO_PROXY ?? '').split(',').map((name) => name.trim());
  if (set === undefined || set === '' || except.includes(url.hostname)) return undefined;
  return new URL(set);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, message.replaceAll(/[^\x20-\x7e]/g, '?'), { 'content-type': 'text/plain' });
  response.end(`${message}\n`);
}
