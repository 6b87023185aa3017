import { connect } from 'node:net';
import type { CheckResult, CheckTarget } from './checker.ts';
import { inWords, since } from './words.ts';

/** A TCP connection that is made and closed at once. */
export function checkConnect({ service, server }: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  const start = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: service.check.port ?? server.port });
    const end = (result: CheckResult): void => {
      signal.removeEventListener('abort', late);
      socket.removeAllListeners();
      socket.on('error', () => {});
      // Closed in order: a reset would spare a TIME_WAIT, and be an error in the log of many a server.
      socket.destroy();
      resolve(result);
    };
    const late = (): void => end({ ok: false, text: `no connection in ${since(start)}` });
    signal.addEventListener('abort', late);
    socket.on('connect', () => end({ ok: true, text: `connected in ${since(start)}` }));
    socket.on('error', (error) => end({ ok: false, text: inWords(error) }));
  });
}
