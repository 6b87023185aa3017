import { type FactReader, type FactRequest, factId } from './facts/fact.ts';
import { type Change, touchesFact } from './held-changes.ts';

/** The facts of one host that are true as far as we know. */
export class FactStore implements FactReader {
  readonly #facts = new Map<string, unknown>();
  /** Ids of facts that may change without us. */
  readonly #volatile = new Set<string>();

  /** The value of a fact that was asked for; anything else is a defect of the module. */
  get<T>(kind: FactRequest['kind'] | { readonly name: string }, key: string): T {
    const id = `${kind.name}:${key}`;
    if (!this.#facts.has(id)) throw new Error(`the fact ${id} was not asked for`);
    return this.#facts.get(id) as T;
  }

  has(request: FactRequest): boolean {
    return this.#facts.has(factId(request));
  }

  take(requests: readonly FactRequest[], answers: ReadonlyMap<string, unknown>): void {
    for (const [id, value] of answers) this.#facts.set(id, value);
    for (const request of requests) if (request.kind.volatile === true) this.#volatile.add(factId(request));
  }

  drop(requests: readonly FactRequest[]): void {
    for (const request of requests) this.#facts.delete(factId(request));
  }

  dropVolatile(): void {
    for (const id of this.#volatile) this.#facts.delete(id);
    this.#volatile.clear();
  }

  /** Forgets what a change may have made untrue. */
  touchedBy(change: Change): void {
    for (const id of [...this.#facts.keys()]) if (touchesFact(change, id)) this.#facts.delete(id);
  }
}
