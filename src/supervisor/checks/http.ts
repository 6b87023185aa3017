import { type ClientRequest, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import type { CheckResult, CheckTarget } from './checker.ts';
import { inWords, since } from './words.ts';

/** More of an answer than this is not searched for `receive`. */
const longestBody = 1_000_000;

/** One GET on a connection of its own; ok where the status is below 400 and the body, where `receive` is given, matches. */
export function checkHttp(target: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  // Its own connection, and so no agent, which would make one for every request and cost as much as the rest.
  return checkAnswer(target, signal, ({ host, port, ...options }) =>
    request({ ...options, host, port, createConnection: () => connect({ host: host!, port: Number(port) }) }),
  );
}

/** The same for whatever makes requests. */
export function checkAnswer(
  { service, server }: CheckTarget,
  signal: AbortSignal,
  make: (options: RequestOptions) => ClientRequest,
): Promise<CheckResult> {
  const { check } = service;
  const start = performance.now();
  const path = check.request ?? '/';
  return new Promise((resolve) => {
    const request = make({
      host: server.address,
      port: check.port ?? server.port,
      path: path.startsWith('/') ? path : `/${path}`,
      headers: {
        ...(check.virtualHost === undefined ? {} : { host: check.virtualHost }),
        'user-agent': 'musterd',
        connection: 'close',
      },
    });
    const end = (result: CheckResult): void => {
      signal.removeEventListener('abort', late);
      request.removeAllListeners();
      request.on('error', () => {});
      request.destroy();
      resolve(result);
    };
    const late = (): void => end({ ok: false, text: `no answer in ${since(start)}` });
    signal.addEventListener('abort', late);
    if (signal.aborted) return late();
    request.on('error', (error) => end({ ok: false, text: inWords(error) }));
    request.on('response', (response) => {
      const status = `${response.statusCode} ${response.statusMessage ?? ''}`.trim();
      if ((response.statusCode ?? 500) >= 400) return end({ ok: false, text: status });
      if (check.receive === undefined) return end({ ok: true, text: `${status} in ${since(start)}` });
      let body = '';
      response.setEncoding('latin1');
      response.on('error', (error) => end({ ok: false, text: inWords(error) }));
      response.on('data', (part: string) => {
        if (body.length < longestBody) body += part;
      });
      response.on('end', () => {
        const ok = matches(check.receive ?? '', body);
        const found = ok ? `in ${since(start)}` : `but nothing matches ${JSON.stringify(check.receive)}`;
        end({ ok, text: `${status} ${found}` });
      });
    });
    request.end();
  });
}

/** Whether `receive` matches; a pattern that JavaScript cannot read (it was written for Perl) is searched as text. */
function matches(receive: string, body: string): boolean {
  try {
    return new RegExp(receive).test(body);
  } catch {
    return body.includes(receive);
  }
}
