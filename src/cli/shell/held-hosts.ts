import { connect } from '../../remote/connection.ts';
import type { Connection, Target } from '../../remote/types.ts';

/** Connections that last from one command to the next; one that was lost is made again when it is needed. */
export class HeldHosts {
  readonly #open = new Map<string, Promise<Connection>>();

  /** Rejects as `connect` does; the next call tries again. */
  async on(target: Target, signal: AbortSignal): Promise<Connection> {
    const known = this.#open.get(target.name);
    if (known !== undefined) {
      const connection = await known;
      if (!connection.lost) return connection;
    }
    const opening = connect(target, { signal });
    this.#open.set(target.name, opening);
    opening.catch(() => this.#forget(target.name, opening));
    return await opening;
  }

  /** Lets go of hosts at once, whatever runs there: their connections are cut. */
  async cut(names: Iterable<string>): Promise<void> {
    await Promise.all([...names].map((name) => this.#close(name)));
  }

  async close(): Promise<void> {
    await this.cut([...this.#open.keys()]);
  }

  #forget(name: string, opening: Promise<Connection>): void {
    if (this.#open.get(name) === opening) this.#open.delete(name);
  }

  async #close(name: string): Promise<void> {
    const opening = this.#open.get(name);
    if (opening === undefined) return;
    this.#forget(name, opening);
    await opening.then(
      (connection) => connection.close(),
      () => {},
    );
  }
}
