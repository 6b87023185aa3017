import type { Target } from './types.ts';

/** Where the agent is; undefined where there is none. */
export function agentSocket(target: Target): string | undefined {
  const socket = target.identityAgent ?? process.env.SSH_AUTH_SOCK;
  return socket === undefined || socket === '' || socket === 'none' ? undefined : socket;
}
