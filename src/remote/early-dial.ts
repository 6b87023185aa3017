import type { Duplex } from 'node:stream';
import { dial } from './dial.ts';
import type { Target } from './types.ts';

/**
 * A connection that is made while what will speak SSH over it is still loaded: sshd takes as long to begin with a new
 * connection as that.
 */
export class EarlyDial {
  readonly #giveUp = new AbortController();
  readonly #dialling: Promise<Duplex>;
  #taken = false;

  /** Resolves when the system was asked for it; to undefined where the way is not a plain one, or known to be OpenSSH's. */
  static async to(target: Target): Promise<EarlyDial | undefined> {
    if (target.dial !== undefined || target.proxyCommand !== undefined || target.jump !== undefined) return undefined;
    if (target.transport === 'openssh' || target.needsOpenSsh !== undefined) return undefined;
    const early = new EarlyDial(target);
    // Node asks the system in the next tick, and what is loaded meanwhile would come before that.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    return early;
  }

  private constructor(target: Target) {
    this.#dialling = dial(target, this.#giveUp.signal, () =>
      Promise.reject(new Error('a plain way has no jump hosts')),
    );
    // Whoever takes it is told of what goes wrong; until then nobody listens.
    this.#dialling.then(
      (stream) => stream.on('error', () => {}),
      () => {},
    );
  }

  /** As `dial` gives it, once: a login that tries again has to dial again. */
  take(signal: AbortSignal): Promise<Duplex> | undefined {
    if (this.#taken) return undefined;
    this.#taken = true;
    signal.addEventListener('abort', () => this.#giveUp.abort(signal.reason), { once: true });
    return this.#dialling;
  }

  /** Leaves no socket behind where nobody took it. */
  leave(): void {
    if (this.#taken) return;
    this.#taken = true;
    this.#giveUp.abort();
    this.#dialling.then(
      (stream) => stream.destroy(),
      () => {},
    );
  }
}
