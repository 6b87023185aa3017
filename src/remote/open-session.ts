import { Hops } from './jump.ts';
import { login } from './login.ts';
import type { Session } from './session.ts';
import type { Target } from './types.ts';

const hops = new Hops((target) => openSession(target));

/**
 * Connects and logs in, through jump hosts where the target has some. Rejects as `login` does.
 */
export function openSession(target: Target, options: { signal?: AbortSignal | undefined } = {}): Promise<Session> {
  return login(target, { ...options, dialJump: (through) => hops.dial(through) });
}
