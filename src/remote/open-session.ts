import { chooseTransport, mayBeForOpenSsh } from './choose-transport.ts';
import type { DialJump } from './dial.ts';
import { EarlyDial } from './early-dial.ts';
import { Hops } from './jump.ts';
import { login } from './login.ts';
import { openSshLogin } from './openssh-login.ts';
import { NoOpenSsh } from './problems.ts';
import type { Session } from './session.ts';
import type { Target } from './types.ts';

interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
}

const hops = new Hops((target) => openSession(target));

/** A stream through the target's jump host, over the one connection to it. */
export const dialJump: DialJump = (target) => hops.dial(target);

/**
 * Connects and logs in, by ssh2 or by OpenSSH (also where ssh2 was refused, and OpenSSH has more to show), through jump hosts
 * where the target has some; or takes a connection that is kept open. Rejects with `Problem('hostUnreachable')` where the
 * host is not there, hangs, shows a wrong host key or does not let us in; with `Problem('interrupted')` through `signal`.
 */
export async function openSession(target: Target, options: OpenOptions = {}): Promise<Session> {
  if (target.persist !== undefined && target.dial === undefined) {
    const { persistentSession } = await import('./persist/client.ts');
    const session = await persistentSession(target, options.signal);
    if (session !== undefined) return session;
  }
  const early = options.signal?.aborted ? undefined : await EarlyDial.to(target);
  try {
    return await openAfresh(target, { ...options, early });
  } finally {
    early?.leave();
  }
}

async function openAfresh(target: Target, options: OpenOptions & { early: EarlyDial | undefined }): Promise<Session> {
  const { signal, early } = options;
  const byOpenSsh = async (): Promise<Session> => {
    early?.leave();
    return await openSshLogin(target, { signal });
  };
  if ((await chooseTransport(target)) === 'openssh') return await byOpenSsh();
  try {
    return await login(target, { signal, early, dialJump });
  } catch (error) {
    if (!(await mayBeForOpenSsh(target, error))) throw error;
    return await byOpenSsh().catch((second) => {
      throw second instanceof NoOpenSsh ? error : second;
    });
  }
}
