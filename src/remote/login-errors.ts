import { Problem } from '../base/problem.ts';
import type { Credentials } from './credentials.ts';
import { endpoint, unreachable } from './problems.ts';
import type { Target } from './types.ts';

/** A host that says nothing for this long counts as lost: three keepalives without an answer. */
export const keepalive = { keepaliveInterval: 2000, keepaliveCountMax: 3 };

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
    const seconds = (keepalive.keepaliveInterval * (keepalive.keepaliveCountMax + 1)) / 1000;
    return unreachable(target, 'the connection must last', `it has not answered for ${seconds} s`);
  }
  if (error.level === 'handshake' && /no matching/i.test(error.message)) {
    return unreachable(target, 'it must offer an algorithm that OpenSSH still accepts', error.message);
  }
  const must = phase === 'connect' ? `a stream to ${at} must open` : 'the connection must last';
  return unreachable(target, must, error.message);
}

export function refusedLogin(target: Target, credentials: Credentials): Problem {
  const tried =
    credentials.tried.length === 0 ? 'there is no key to try' : `it refused ${credentials.tried.join(', ')}`;
  const unusable = credentials.unusable.map((reason) => `; not usable is ${reason}`).join('');
  return unreachable(
    target,
    `"${target.user}" must be let in with a key`,
    `${tried}${unusable}`,
    credentials.tried.length === 0
      ? 'name one in the inventory or ssh_config (IdentityFile), or start an agent'
      : undefined,
  );
}
