import { request } from 'node:https';
import type { CheckResult, CheckTarget } from './checker.ts';
import { checkAnswer } from './http.ts';

/**
 * As checkHttp, over TLS. As ldirectord does, a certificate is not verified: the check asks whether the server works, by its
 * address. No agent, as one would take a session up again and not try all of the server's TLS.
 */
export function checkHttps(target: CheckTarget, signal: AbortSignal): Promise<CheckResult> {
  const servername = target.service.check.virtualHost ?? '';
  return checkAnswer(target, signal, (options) =>
    request({ ...options, agent: false, rejectUnauthorized: false, servername }),
  );
}
