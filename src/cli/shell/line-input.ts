import { createInterface, type Interface } from 'node:readline';

/** Lines of a paste come together; nobody types that fast. Milliseconds. */
const togetherMs = 20;

export interface LineInputOptions {
  /** The newest last. */
  readonly history: () => readonly string[];
  readonly complete: (line: string) => [string[], string];
}

/**
 * Lines from a person at a terminal (with a prompt, history and completion), or from a file or a pipe (without). Between
 * two lines the terminal is as every command finds it, so that Ctrl-C is a signal then.
 */
export class LineInput {
  readonly isTerminal: boolean = process.stdin.isTTY === true;
  readonly #options: LineInputOptions;
  #pipe: { readonly reader: Interface; readonly lines: AsyncIterator<string> } | undefined;
  #begun = '';

  constructor(options: LineInputOptions) {
    this.#options = options;
  }

  /**
   * The next line, or several where they were pasted together; undefined at the end of the input. Ctrl-C gives an empty
   * one.
   */
  async lines(prompt: string): Promise<readonly string[] | undefined> {
    return this.isTerminal ? await this.#typed(prompt, true) : await this.#piped();
  }

  /** The answer to a question, which is in no history. */
  async answer(question: string): Promise<string | undefined> {
    if (!this.isTerminal) return (await this.#piped())?.[0];
    this.#begun = '';
    return (await this.#typed(question, false))?.[0];
  }

  close(): void {
    this.#pipe?.reader.close();
    if (!this.isTerminal) process.stdin.destroy();
  }

  async #piped(): Promise<readonly string[] | undefined> {
    if (this.#pipe === undefined) {
      const reader = createInterface({ input: process.stdin });
      this.#pipe = { reader, lines: reader[Symbol.asyncIterator]() };
    }
    const { done, value } = await this.#pipe.lines.next();
    return done ? undefined : [value];
  }

  #typed(prompt: string, isCommand: boolean): Promise<readonly string[] | undefined> {
    const reader = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: isCommand ? [...this.#options.history()].reverse() : [],
      ...(isCommand && { completer: this.#options.complete }),
      prompt,
    });
    return new Promise((resolve) => {
      const lines: string[] = [];
      const end = (result: readonly string[] | undefined): void => {
        reader.off('close', closed);
        this.#begun = result === undefined || result.length === 0 ? '' : reader.line;
        reader.close();
        resolve(result);
      };
      const closed = (): void => {
        process.stdout.write('\n');
        end(lines.length > 0 ? lines : undefined);
      };
      reader.once('close', closed);
      reader.once('SIGINT', () => {
        process.stdout.write('^C\n');
        end(['']);
        this.#begun = '';
      });
      reader.on('line', (line) => {
        lines.push(line);
        if (lines.length === 1) setTimeout(() => end(lines), togetherMs);
      });
      reader.prompt();
      // The beginning of a line that was pasted with whole ones.
      if (this.#begun !== '') reader.write(this.#begun);
    });
  }
}
