import { Problem } from '../base/problem.ts';
import type { Credentials } from './credentials.ts';
import { endpoint, LoginRefused, NoCommonAlgorithm, unreachable } from './problems.ts';
import type { Target } from './types.ts';

/** A host that says nothing for this long counts as lost: three keepalives without an answer. */
const usualKeepAlive = { intervalMs: 2000, count: 3 };

/** The target's own (ServerAliveInterval), or ours, as ssh2 takes them. */
export function keepaliveFor(target: Target): { keepaliveInterval: number; keepaliveCountMax: number } {
  const { intervalMs, count } = target.keepAlive ?? usualKeepAlive;
  return { keepaliveInterval: intervalMs, keepaliveCountMax: count };
}

/** How far a login has come: tells a host that hangs from one that is not there. */
export type Phase = 'connect' | 'banner' | 'handshake' | 'login';

export const waitingFor: Record<Phase, string> = {
  connect: 'no answer to the connection',
  banner: 'connected, and no SSH banner came',
  handshake: 'the key exchange did not end',
  login: 'the login did not end',
};

/** Puts the errors of the system and of ssh2 into words. */
export function explain(
  target: Target,
  credentials: Credentials,
  error: Error & { code?: unknown; level?: string },
  phase: Phase,
): Problem {
  if (error instanceof Problem) return error;
  const at = endpoint(target);
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(target, 'its address must resolve', `"${target.address}" does not`);
    case 'ECONNREFUSED':
      return unreachable(target, `sshd must answer on ${at}`, 'connection refused');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable(target, `sshd must answer on ${at}`, 'no route to it');
    case 'ETIMEDOUT':
      return unreachable(target, `sshd must answer on ${at}`, 'no answer');
  }
  if (error.level === 'client-authentication') return refusedLogin(target, credentials);
  if (error.level === 'client-timeout') {
    const { keepaliveInterval, keepaliveCountMax } = keepaliveFor(target);
    const seconds = (keepaliveInterval * (keepaliveCountMax + 1)) / 1000;
    return unreachable(target, 'the connection must last', `it has not answered for ${seconds} s`);
  }
  if (error.level === 'handshake' && /no matching/i.test(error.message)) {
    const seen = unreachable(target, 'it must offer an algorithm that OpenSSH still accepts', error.message);
    return new NoCommonAlgorithm(seen.reason, seen.message);
  }
  const must = phase === 'connect' ? `a stream to ${at} must open` : 'the connection must last';
  // What failed at several addresses of one name has only a code.
  return unreachable(target, must, error.message || String(error.code ?? 'it failed without a word'));
}

export function refusedLogin(target: Target, credentials: Credentials): Problem {
  const tried =
    credentials.tried.length === 0 ? 'there is no key to try' : `it refused ${credentials.tried.join(', ')}`;
  const unusable = credentials.unusable.map((reason) => `; not usable is ${reason}`).join('');
  const { reason, message, hint } = unreachable(
    target,
    `"${target.user}" must be let in${target.access?.password === undefined ? ' with a key' : ''}`,
    `${tried}${unusable}`,
    credentials.tried.length === 0
      ? 'name one in the inventory or ssh_config (IdentityFile), start an agent, or let -k ask for a password'
      : undefined,
  );
  return new LoginRefused(reason, message, { hint });
}
