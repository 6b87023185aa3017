import type { Client, ClientChannel } from 'ssh2';
import type { Problem } from '../base/problem.ts';
import { hostFailed } from './problems.ts';
import type { Target } from './types.ts';

/** Says once that the connection is gone, to everybody who waits for something from it. */
export class Loss {
  #problem: Problem | undefined;
  readonly #waiting = new Set<(problem: Problem) => void>();

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Calls back when the connection is lost (soon where it is already, never at once); returns how to stop waiting. */
  wait(callback: (problem: Problem) => void): () => void {
    if (this.#problem !== undefined) {
      const problem = this.#problem;
      queueMicrotask(() => callback(problem));
      return () => {};
    }
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** The first cause is the one that counts. */
  declare(problem: Problem): void {
    if (this.#problem !== undefined) return;
    this.#problem = problem;
    for (const callback of this.#waiting) callback(problem);
    this.#waiting.clear();
  }
}

/** An authenticated SSH connection as the parts of `remote/` share it. */
export interface Session {
  readonly client: Client;
  readonly target: Target;
  readonly loss: Loss;
  /** Channels that run a command each. */
  readonly commands: Set<ClientChannel>;
  /** Process groups of the worker shells. */
  readonly workerGroups: Set<number>;
}

/**
 * Calls one of ssh2's functions that end in a callback.
 * Rejects with `refused` where the host says no, and with the loss where the connection ends before it says anything.
 */
export function ask<T>(
  session: Session,
  start: (done: (error: Error | undefined | null, value: T) => void) => void,
  refused: (seen: string) => Problem,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = session.loss.wait(reject);
    if (session.loss.problem !== undefined) return;
    try {
      start((error, value) => {
        forget();
        if (error) reject(refused(error.message));
        else resolve(value);
      });
    } catch (error) {
      forget();
      reject(refused(error instanceof Error ? error.message : String(error)));
    }
  });
}

/** Opens a channel that runs `command` by the user's login shell. Rejects where sshd gives no more channels. */
export function openExec(session: Session, command: string, pty = false): Promise<ClientChannel> {
  return ask<ClientChannel>(
    session,
    (done) => session.client.exec(command, pty ? { pty: { term: process.env.TERM ?? 'xterm' } } : {}, done),
    (seen) =>
      hostFailed(
        `Cannot start a command on host "${session.target.name}" as sshd must open a channel for it: ${seen}`,
        'see MaxSessions and ForceCommand in the sshd_config of that host',
      ),
  );
}
