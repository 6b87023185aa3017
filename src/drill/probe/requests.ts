/** New HTTP connections to a virtual service, one each interval, as its users would make them. */
import { connect } from 'node:net';
import type { NodeName } from '../../model/names.ts';
import type { HttpProbe } from '../observation.ts';
import { everyInterval, monotonicMs } from './clock.ts';

export interface RequestSettings {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly intervalMs: number;
  /**
   * From start to end. Below the second after which TCP sends a lost SYN again, so that a request that got no answer
   * counts as failed, and not as a slow one.
   */
  readonly timeoutMs: number;
  /** Requests that may be open at once; beyond it none is started, as the client's own ports would run out. */
  readonly atOnce: number;
  /** Names to look for in the page. */
  readonly nodes: readonly NodeName[];
}

/** The node that an answer names as its own, by `served by NAME`, or the first name of a node in it. */
export function servedBy(page: string, nodes: readonly NodeName[]): NodeName | null {
  const named = /served by ([\w.-]+)/i.exec(page)?.[1];
  if (named !== undefined && nodes.includes(named)) return named;
  return nodes.find((node) => new RegExp(`\\b${node.replace(/\W/g, '\\$&')}\\b`).test(page)) ?? null;
}

/** True once the answer is whole by its own Content-Length. */
function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = /^content-length:\s*(\d+)/im.exec(answer.slice(0, headEnd))?.[1];
  return length !== undefined && answer.length - headEnd - 4 >= Number(length);
}

/** Starts one request; `done` is called exactly once. */
function request(settings: RequestSettings, done: (ok: boolean, by: NodeName | null, result: string) => void): void {
  let answer = '';
  let over = false;
  const socket = connect({ host: settings.address, port: settings.port });
  const finish = (failure: string | undefined): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    socket.destroy();
    const status = /^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1];
    const ok = failure === undefined && status !== undefined && status.startsWith('2');
    done(ok, servedBy(answer, settings.nodes), failure ?? status ?? 'closed without an answer');
  };
  const timer = setTimeout(
    () => finish(answer === '' ? 'timed out' : 'timed out within the answer'),
    settings.timeoutMs,
  );
  socket.setNoDelay(true);
  socket.setEncoding('latin1');
  socket.on('connect', () => {
    socket.write(`GET ${settings.path} HTTP/1.1\r\nHost: ${settings.address}\r\nConnection: close\r\n\r\n`);
  });
  socket.on('data', (chunk: string) => {
    answer += chunk;
    if (isWhole(answer)) finish(undefined);
  });
  socket.on('end', () => finish(undefined));
  socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
}

/** Returns the function that stops it; requests that are open then are not reported. */
export function probeRequests(settings: RequestSettings, report: (probe: HttpProbe) => void): () => void {
  let open = 0;
  let sequence = 0;
  let stopped = false;
  const stop = everyInterval(settings.intervalMs, () => {
    if (open >= settings.atOnce) return;
    open += 1;
    sequence += 1;
    const own = sequence;
    const startMs = monotonicMs();
    request(settings, (ok, by, result) => {
      open -= 1;
      if (!stopped) report({ kind: 'http', sequence: own, startMs, endMs: monotonicMs(), ok, by, result });
    });
  });
  return () => {
    stopped = true;
    stop();
  };
}
