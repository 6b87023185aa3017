import type { Duplex } from 'node:stream';
import { Problem } from '../base/problem.ts';
import { endpoint, unreachable } from './problems.ts';
import type { Session } from './session.ts';
import type { Target } from './types.ts';

interface Hop {
  readonly session: Promise<Session>;
  users: number;
}

/** All that makes one target another than the next, as text; secrets are not in it. */
export function targetKey(target: Target): string {
  const { name, access, dial, connectTimeoutMs, persist, ...rest } = target;
  return JSON.stringify({ ...rest, jump: rest.jump === undefined ? undefined : targetKey(rest.jump) });
}

/** The connections to jump hosts: one each, however many hosts are behind it, and closed with the last of them. */
export class Hops {
  readonly #open: (target: Target) => Promise<Session>;
  readonly #hops = new Map<string, Hop>();

  constructor(open: (target: Target) => Promise<Session>) {
    this.#open = open;
  }

  /** A stream to the target from its jump host. Rejects as unreachable, for the host and not for the one on the way. */
  async dial(target: Target): Promise<Duplex> {
    const jump = target.jump!;
    const key = targetKey(jump);
    let hop = this.#hops.get(key);
    if (hop === undefined) {
      hop = { session: this.#open(jump), users: 0 };
      this.#hops.set(key, hop);
    }
    const mine = hop;
    mine.users++;
    let gone = false;
    const leave = (): void => {
      if (gone) return;
      gone = true;
      if (--mine.users > 0) return;
      if (this.#hops.get(key) === mine) this.#hops.delete(key);
      mine.session.then(
        ({ loss, transport }) => {
          if (loss.problem === undefined) void transport.end();
        },
        () => {},
      );
    };
    try {
      const session = await mine.session;
      session.loss.wait(() => {
        if (this.#hops.get(key) === mine) this.#hops.delete(key);
      });
      const stream = await session.transport.reach(target.address, target.port);
      stream.once('close', leave);
      return stream;
    } catch (error) {
      if (this.#hops.get(key) === mine && error instanceof Problem) this.#hops.delete(key);
      leave();
      if (error instanceof Problem && error.reason !== 'hostUnreachable') throw error;
      const must = `its jump host "${jump.name}" must lead to ${endpoint(target)}`;
      const { message, hint } = error as Problem;
      throw unreachable(target, must, message, hint);
    }
  }
}
