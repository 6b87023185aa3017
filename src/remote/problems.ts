import { Problem } from '../base/problem.ts';
import type { Target } from './types.ts';

/** `host:port` as people write it, with brackets around an IPv6 address. */
export function endpoint(target: Pick<Target, 'address' | 'port'>): string {
  return target.address.includes(':') ? `[${target.address}]:${target.port}` : `${target.address}:${target.port}`;
}

/** The host cannot be worked with at all: not there, not trusted, or it does not let us in. */
export function unreachable(target: Target, must: string, seen: string, hint?: string): Problem {
  return new Problem('hostUnreachable', `Cannot reach host "${target.name}" as ${must}: ${seen}`, { hint });
}

/** Nothing that we have lets us in. */
export class LoginRefused extends Problem {}

/** The host and we have no algorithm in common that ssh2 knows. */
export class NoCommonAlgorithm extends Problem {}

/** There is no `ssh` here. */
export class NoOpenSsh extends Problem {}

/** The host is there, and what we asked it for went wrong. */
export function hostFailed(message: string, hint?: string): Problem {
  return new Problem('hostFailed', message, { hint });
}

export function interrupted(target: Target): Problem {
  return new Problem('interrupted', `Cannot finish on host "${target.name}" as the run must go on: it was interrupted`);
}

/** The connection ended in the middle of something; `stdout` and `stderr` hold what had come until then. */
export class ConnectionLost extends Problem {
  readonly stdout: Buffer;
  readonly stderr: Buffer;

  constructor(cause: Problem, stdout: Buffer, stderr: Buffer) {
    super(cause.reason, cause.message, { hint: cause.hint });
    this.stdout = stdout;
    this.stderr = stderr;
  }
}
