import type { Problem } from '../base/problem.ts';
import { passSudo, sudoCommand } from './become.ts';
import { type Channel, type ChannelOptions, ChannelRefused, type Transport } from './channel.ts';
import { ChannelSlots } from './channel-slots.ts';
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
  readonly transport: Transport;
  readonly target: Target;
  readonly loss: Loss;
  readonly slots: ChannelSlots;
  /** Channels that run a command each. */
  readonly commands: Set<Channel>;
  /** Process groups of the worker shells. */
  readonly workerGroups: Set<number>;
  /** Leaves a worker shell that runs nothing to whoever uses the connection next; undefined: it has to be ended. */
  readonly park?: ((channel: Channel, group: number) => void) | undefined;
  /** Whether the key that let us in has a command of its own, as far as sshd says so. */
  readonly forced?: (() => boolean) | undefined;
}

export function newSession(
  transport: Transport,
  target: Target,
  loss: Loss,
  more: Partial<Pick<Session, 'park' | 'workerGroups' | 'forced'>> = {},
): Session {
  const slots = new ChannelSlots();
  loss.wait(() => slots.giveUp());
  return { transport, target, loss, slots, commands: new Set(), workerGroups: new Set(), ...more };
}

/**
 * Waits for what the host was asked for. Rejects with `refused` where the host says no, and with the loss where the
 * connection ends before it says anything.
 */
export function ask<T>(session: Session, start: () => Promise<T>, refused: (seen: Error) => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = session.loss.wait(reject);
    if (session.loss.problem !== undefined) return;
    start().then(
      (value) => {
        forget();
        resolve(value);
      },
      (error: Error) => {
        forget();
        reject(refused(error));
      },
    );
  });
}

export interface OpenOptions extends ChannelOptions {
  /** It stays open by itself, as a worker shell does: nobody waits for its end. */
  readonly lasting?: boolean | undefined;
  /** Does not queue up for a channel: it is there to end another. */
  readonly urgent?: boolean | undefined;
}

/**
 * Opens a channel that runs `command` by the user's login shell, when there are no more than sshd's MaxSessions; where it is
 * for root and we have a password for sudo, when sudo has let it begin. Rejects where sshd or sudo refuses.
 */
export async function openExec(session: Session, command: string, options: OpenOptions = {}): Promise<Channel> {
  const { slots, target } = session;
  const password = target.access?.sudoPassword;
  const sudo = password === undefined ? undefined : sudoCommand(command);
  for (;;) {
    const lasting = options.lasting ?? false;
    const slot = options.urgent ? slots.takeNow(lasting) : await slots.take(lasting);
    try {
      const start = (): Promise<Channel> => session.transport.exec(sudo?.command ?? command, options);
      const channel = await ask(session, start, (seen) => seen);
      channel.once('close', slot.closed);
      if (sudo !== undefined) await passSudo(channel, sudo, { target, password: password!, pty: options.pty ?? false });
      return channel;
    } catch (error) {
      slot.leave();
      if (!(error instanceof ChannelRefused)) throw error;
      if (error.atOpen && !options.urgent && slot.refused()) continue;
      throw hostFailed(
        `Cannot start a command on host "${target.name}" as sshd must open a channel for it: ${error.message}`,
        'see MaxSessions and ForceCommand in the sshd_config of that host',
      );
    }
  }
}
