import { chooseTransport, mayBeForOpenSsh } from './choose-transport.ts';
import type { DialJump } from './dial.ts';
import { Hops } from './jump.ts';
import { login } from './login.ts';
import { openSshLogin } from './openssh-login.ts';
import { NoOpenSsh } from './problems.ts';
import type { Session } from './session.ts';
import type { Target } from './types.ts';

const hops = new Hops((target) => openSession(target));

/** A stream through the target's jump host, over the one connection to it. */
export const dialJump: DialJump = (target) => hops.dial(target);

/**
 * Connects and logs in, by ssh2 or by OpenSSH (also where ssh2 was refused, and OpenSSH has more to show), through jump hosts
 * where the target has some; or takes a connection that is kept open. Rejects with `Problem('hostUnreachable')` where the host is not there, hangs, shows a wrong host key or does
 * not let us in; with `Problem('interrupted')` through `signal`.
 */
export async function openSession(
  target: Target,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Session> {
  if (target.persist !== undefined && target.dial === undefined) {
    const { persistentSession } = await import('./persist/client.ts');
    const session = await persistentSession(target, options.signal);
    if (session !== undefined) return session;
  }
  if ((await chooseTransport(target)) === 'openssh') return await openSshLogin(target, options);
  try {
    return await login(target, { ...options, dialJump });
  } catch (error) {
    if (!(await mayBeForOpenSsh(target, error))) throw error;
    return await openSshLogin(target, options).catch((second) => {
      throw second instanceof NoOpenSsh ? error : second;
    });
  }
}
