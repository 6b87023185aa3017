import type { StoreAnswer, StoreWrite } from '../../core/store-record.ts';
import type { GroupName } from '../../model/names.ts';

/** A place that keeps one record a group and replaces it only where its version is the expected one. */
export interface Store {
  /** The records as they are now. Rejects with a sentence where the store cannot be had. */
  read(groups: readonly GroupName[]): Promise<readonly StoreAnswer[]>;
  /** Each group for itself. Rejects where it is not known what was written. */
  write(writes: readonly StoreWrite[]): Promise<readonly StoreAnswer[]>;
  stop(): Promise<void>;
}

/** Says once what is wrong with a store, and once that it is well again. */
export class Trouble {
  readonly #say: (why: string) => void;
  readonly #well: string;
  #last: string | undefined;

  constructor(say: (why: string) => void, well: string) {
    this.#say = say;
    this.#well = well;
  }

  note(why: string): void {
    if (why !== this.#last) this.#say(why);
    this.#last = why;
  }

  over(): void {
    if (this.#last !== undefined) this.#say(this.#well);
    this.#last = undefined;
  }
}
