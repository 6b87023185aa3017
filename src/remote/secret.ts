import { inspect } from 'node:util';

const shown = '[secret]';

/** A password or passphrase: shows itself nowhere, neither in logs nor in errors nor in JSON, unless it is asked to. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

/** How the person in front of the terminal is asked; all reject with a `Problem` where nobody answers. */
export interface Questions {
  /** One line that is not shown while it is typed. */
  secret(question: string): Promise<Secret>;
  /** One line. */
  line(question: string): Promise<string>;
}

/** What a login may use beyond keys. One of these serves all hosts of a run, so that nothing is asked twice. */
export interface Access {
  /** Undefined where nobody can or wants to be asked. */
  readonly questions?: Questions | undefined;
  /** For the login, where somebody gave one (`-k`). */
  readonly password?: Secret | undefined;
  /** For sudo, where somebody gave one (`-K`). */
  readonly sudoPassword?: Secret | undefined;
}
