import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { CheckResult, CheckTarget } from './checker.ts';
import { checkAnswer } from './http.ts';

/**
 * As checkHttp, over TLS. As ldirectord does, a certificate is not verified: the check asks whether the server works, by its
 * address. Each check tries all of the server's TLS, as no session is taken up again.
 */
export function checkHttps(target: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  const name = target.service.check.virtualHost;
  return checkAnswer(target, signal, 443, (host, port, onBytes) => {
    const named = name === undefined || isIP(name) !== 0 ? {} : { servername: name };
    const socket = connect({ host, port, rejectUnauthorized: false, ...named });
    socket.on('data', onBytes);
    return socket;
  });
}
