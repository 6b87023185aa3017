import { spawn } from 'node:child_process';
import { foldHosts } from '../../base/host-range.ts';
import { Problem } from '../../base/problem.ts';
import type { Host } from '../../model/inventory.ts';
import type { Target } from '../../remote/types.ts';
import { completions, orderLines, promptFor, readOrder } from '../../shell/line-orders.ts';
import { renderCommand } from '../fan-out/command-template.ts';
import { exitCodeOf } from '../fan-out/host-record.ts';
import { remoteProgram } from '../fan-out/remote-program.ts';
import { present } from '../present.ts';
import { isResultSet, keepResults } from '../result-sets.ts';
import { targetsOf } from '../targets.ts';
import { broadcast } from './broadcast.ts';
import { HeldHosts } from './held-hosts.ts';
import { HistoryFile } from './history-file.ts';
import type { HostBook } from './host-book.ts';
import { LineInput } from './line-input.ts';
import type { ShellOptions } from './options.ts';
import { Protection } from './protection.ts';

/**
 * `muster shell --line`: a prompt whose lines run on all hosts, over connections that stay open, with folded answers; the
 * set of hosts changes as it goes. Resolves to the exit code of the last command.
 */
export async function lineShell(book: HostBook, pattern: string, options: ShellOptions): Promise<number> {
  const session = new LineSession(book, book.resolve(pattern), options);
  try {
    return await session.run();
  } finally {
    await session.close();
  }
}

class LineSession {
  readonly #book: HostBook;
  readonly #options: ShellOptions;
  readonly #held = new HeldHosts();
  readonly #history = new HistoryFile('shell-history');
  readonly #input: LineInput;
  readonly #protection: Protection;
  readonly #targets = new Map<string, Target>();
  #hosts: Host[];
  #stream = false;
  #code = 0;

  constructor(book: HostBook, hosts: Host[], options: ShellOptions) {
    [this.#book, this.#hosts, this.#options] = [book, hosts, options];
    this.#input = new LineInput({
      history: () => this.#history.lines,
      complete: (line) => completions(line, book),
    });
    this.#protection = new Protection(
      (host) => book.protectedBy(host),
      (question) => this.#input.answer(question),
    );
  }

  async run(): Promise<number> {
    if (this.#input.isTerminal) process.stdout.write(`${this.#nodes()}; ? lists what can be typed\n`);
    for (;;) {
      const prompt = promptFor(foldHosts(this.#names()), this.#hosts.length, (process.stdout.columns || 80) / 2);
      const lines = await this.#input.lines(prompt);
      if (lines === undefined) return this.#code;
      if (lines.length > 1 && !(await this.#mayPaste(lines))) continue;
      for (const line of lines) {
        if ((await this.#obey(line)) === 'leave') return this.#code;
      }
    }
  }

  async close(): Promise<void> {
    this.#input.close();
    await this.#held.close();
  }

  #names(): string[] {
    return this.#hosts.map(({ name }) => name);
  }

  #nodes(): string {
    return `${foldHosts(this.#names())} (${this.#hosts.length})`;
  }

  /** Whoever pastes sees how many hosts and lines it is about, before the first one runs. */
  async #mayPaste(lines: readonly string[]): Promise<boolean> {
    const answer = await this.#input.answer(
      `${lines.length} lines were pasted, for ${this.#hosts.length} hosts: ${this.#nodes()}. Run them (y)? `,
    );
    if (/^y(es)?$/i.test(answer?.trim() ?? '')) return true;
    process.stderr.write('None of them was run.\n');
    return false;
  }

  /** A mistake costs a message, and not the session. */
  async #obey(line: string): Promise<'leave' | undefined> {
    const order = readOrder(line);
    // What a pipe says nobody has typed.
    if (this.#input.isTerminal) this.#history.add(line);
    try {
      switch (order.kind) {
        case 'leave':
          return 'leave';
        case 'nothing':
          return undefined;
        case 'help':
          process.stdout.write(`${[this.#nodes(), ...orderLines].join('\n')}\n`);
          return undefined;
        case 'toggle-view':
          this.#stream = !this.#stream;
          process.stdout.write(this.#stream ? 'lines as they come\n' : 'folded answers\n');
          return undefined;
        case 'local':
          return void (await runHere(order.command, this.#input.isTerminal));
        case 'run':
          return void (await this.#run(order.command));
        default:
          this.#change(order.kind, order.pattern);
          return undefined;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#code = present(error);
      return undefined;
    }
  }

  #change(kind: 'only' | 'add' | 'remove', pattern: string): void {
    if (pattern === '')
      throw new Problem('usage', 'Cannot change the hosts as a pattern must name some: there is none');
    if (kind === 'remove') {
      const gone = new Set(this.#book.among(pattern).map(({ name }) => name));
      const left = this.#hosts.filter(({ name }) => !gone.has(name));
      if (left.length === 0)
        throw new Problem('usage', `Cannot remove "${pattern}" as a host must be left: none would be`);
      this.#hosts = left;
    } else if (kind === 'only') this.#hosts = this.#book.resolve(this.#asGroup(pattern));
    else {
      const known = new Set(this.#names());
      this.#hosts = [...this.#hosts, ...this.#book.resolve(pattern).filter(({ name }) => !known.has(name))];
    }
    if (!this.#input.isTerminal) return;
    process.stdout.write(`${this.#nodes()}\n`);
  }

  /** `@web` is the group; `@node[1-3]` are hosts, as there is no such group. */
  #asGroup(pattern: string): string {
    const [name = ''] = /^[^,!&^\s]*/.exec(pattern)!;
    return this.#book.groups.includes(name) || isResultSet(name) ? `@${pattern}` : pattern;
  }

  /** How each is reached, looked up once: that may ask for a password, or about a host key. */
  async #reach(hosts: readonly Host[]): Promise<Target[]> {
    const { lab, connectTimeout: connectTimeoutMs } = this.#options;
    const fresh = hosts.filter(({ name }) => !this.#targets.has(name));
    for (const target of await targetsOf(fresh, { lab, connectTimeoutMs })) this.#targets.set(target.name, target);
    return hosts.map(({ name }) => this.#targets.get(name)!);
  }

  async #run(command: string): Promise<void> {
    const { sudo = false, template = false, exact = false, diff = false, forks, timeout: timeoutMs } = this.#options;
    const hosts = this.#hosts;
    const programs = new Map(
      hosts.map((host) => {
        const what = { command: template ? renderCommand(command, host) : command };
        return [host.name, remoteProgram({ what, sudo, cwd: undefined, env: [], forSh: template })];
      }),
    );
    const targets = await this.#reach(hosts);
    if (!(await this.#protection.admits(this.#names()))) return;
    const records = await broadcast(targets, programs, this.#held, {
      forks,
      timeoutMs,
      exact,
      diff,
      stream: this.#stream,
    });
    if (this.#book.file !== undefined) keepResults(this.#book.file, records);
    this.#code = exitCodeOf(records);
  }
}

/** By the person's own shell, on the terminal as it is. Ctrl-C is for it alone. */
async function runHere(command: string, isTerminal: boolean): Promise<void> {
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  try {
    await new Promise<void>((resolve, reject) => {
      const shell = process.env.SHELL || '/bin/sh';
      // What is piped in are our lines, and not its input.
      const child = spawn(shell, ['-c', command], { stdio: [isTerminal ? 'inherit' : 'ignore', 'inherit', 'inherit'] });
      child.once('error', (error) => {
        reject(new Problem('usage', `Cannot run "${command}" here as ${shell} must start: ${error.message}`));
      });
      child.once('close', () => resolve());
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
