import { connect, isIPv6, type Socket } from 'node:net';
import type { Check } from '../../model/virtual-service.ts';
import type { CheckResult, CheckTarget } from './checker.ts';
import { type HttpAnswer, longestAnswer, readHttpAnswer } from './http-answer.ts';
import { inWords, since } from './words.ts';

/** A connection whose bytes go to `onBytes`, which is done with them when it returns. */
export type OpenConnection = (host: string, port: number, onBytes: (bytes: Buffer) => void) => Socket;

/** All connections read into the same memory, each read being done with before the next. */
const readBuffer = Buffer.alloc(16_384);

/**
 * One GET on a connection of its own; ok where the status is below 400 and the body, where `receive` is given, matches.
 * It is made of a plain socket: of all that an idle musterd does, Node's client for HTTP would be the greatest part.
 */
export function checkHttp(target: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  return checkAnswer(target, signal, 80, (host, port, onBytes) => {
    const callback = (length: number): boolean => {
      onBytes(readBuffer.subarray(0, length));
      return true;
    };
    return connect({ host, port, onread: { buffer: readBuffer, callback } });
  });
}

/** The same over whatever connects; `usualPort` is the one that a Host header leaves out. */
export function checkAnswer(
  { service: { check }, server }: CheckTarget,
  signal: AbortSignal,
  usualPort: number,
  open: OpenConnection,
): Promise<CheckResult> {
  const start = performance.now();
  const port = check.port ?? server.port;
  const name = isIPv6(server.address) ? `[${server.address}]` : server.address;
  const question = requestFor(check, port === usualPort ? name : `${name}:${port}`);
  return new Promise((resolve) => {
    let heard = '';
    const socket = open(server.address, port, (bytes) => {
      if (heard.length < longestAnswer) heard += bytes.toString('latin1');
      judge(false);
    });
    const end = (result: CheckResult): void => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      // Whatever the socket still says changes nothing: only the first result counts.
      resolve(result);
    };
    const judge = (ended: boolean): void => {
      try {
        const answer = readHttpAnswer(heard, ended);
        const result = answer === undefined ? undefined : resultOf(answer, check.receive, start);
        if (result !== undefined) end(result);
      } catch (error) {
        end({ ok: false, text: inWords(error) });
      }
    };
    const late = (): void => end({ ok: false, text: `no answer in ${since(start)}` });
    signal.addEventListener('abort', late);
    if (signal.aborted) return late();
    socket.on('error', (error) => end({ ok: false, text: inWords(error) }));
    socket.on('end', () => judge(true));
    socket.write(question, 'latin1');
  });
}

/** The bytes of the question. What cannot stand in its first line is percent-encoded, as a browser does. */
function requestFor({ request = '/', virtualHost }: Check, address: string): string {
  const path = request.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  const host = (virtualHost ?? address).replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  const lines = [`GET ${path.startsWith('/') ? path : `/${path}`} HTTP/1.1`, `Host: ${host}`];
  return [...lines, 'User-Agent: musterd', 'Connection: close', '', ''].join('\r\n');
}

/** undefined: more of the answer is needed. */
function resultOf(
  { status, statusText, body }: HttpAnswer,
  receive: string | undefined,
  start: number,
): CheckResult | undefined {
  if (status >= 400) return { ok: false, text: statusText };
  if (receive === undefined) return { ok: true, text: `${statusText} in ${since(start)}` };
  if (body === undefined) return undefined;
  const ok = matches(receive, body);
  return { ok, text: `${statusText} ${ok ? `in ${since(start)}` : `but nothing matches ${JSON.stringify(receive)}`}` };
}

/** Whether `receive` matches; a pattern that JavaScript cannot read (it was written for Perl) is searched as text. */
function matches(receive: string, body: string): boolean {
  try {
    return new RegExp(receive).test(body);
  } catch {
    return body.includes(receive);
  }
}
