import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Edit } from '../../simulation/defect.ts';
import { bundleWith } from '../../simulation/mutant.ts';

/** A program that says `true` when it is ready, then reads one order (JSON) a line and says `true` or `false` to each. */
export class Ordered<Order> {
  readonly #source: string;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  readonly #waiting: ((answer: string) => void)[] = [];

  /** `source` is the file that it is bundled from, into the directory. */
  constructor(source: string, directory: string) {
    this.#source = source;
    this.#directory = directory;
  }

  /** Starts it with these edits in its source; `command` is how to run the program at a path. Rejects where it does not become ready. */
  async start(name: string, edits: readonly Edit[], command: (program: string) => readonly string[]): Promise<void> {
    const program = join(this.#directory, 'program.mjs');
    writeFileSync(program, await bundleWith(name, edits, { entryPoints: [this.#source] }));
    const [first, ...words] = command(program);
    const child = spawn(first!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#waiting.shift()?.(line));
    child.once('exit', () => {
      for (const resolve of this.#waiting.splice(0)) resolve('ended');
    });
    const ready = await this.#answer();
    if (ready !== 'true') throw new Error(`"${name}" did not start: ${ready}`);
  }

  /** What it says to an order. */
  async order(order: Order): Promise<boolean> {
    this.#child!.stdin!.write(`${JSON.stringify(order)}\n`);
    const said = await this.#answer();
    if (said !== 'true' && said !== 'false') throw new Error(`it says "${said}" to ${JSON.stringify(order)}`);
    return said === 'true';
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin!.end();
    await ended;
  }

  #answer(): Promise<string> {
    if (this.#child?.exitCode !== null) return Promise.resolve('ended');
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
