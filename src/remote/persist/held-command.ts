import type { Socket } from 'node:net';
import { Problem } from '../../base/problem.ts';
import { agentSocket } from '../agent-socket.ts';
import { targetKey } from '../jump.ts';
import { FieldReader, fields, readBlocks } from '../packets.ts';
import { ConnectionLost, interrupted, unreachable } from '../problems.ts';
import type { ExecOptions, RunResult, Target } from '../types.ts';
import { dialAgent, noteDeaf } from './client.ts';
import { agentSocketPath, type CommandEnd, type CommandOrder, commandWords, deafMs, JsonLines } from './protocol.ts';

/** Orders that leave together: the first hosts are at work while the others' are still being written. */
const inOneWrite = 8;

/** A longer command takes the way of its own; in characters. */
const longestCommand = 256 * 1024;

/** One command of ours on a host. */
interface Running {
  readonly target: Target;
  readonly options: ExecOptions;
  /** What takes its output and is not done yet. */
  readonly taking: Set<Promise<void>>;
  end(outcome: RunResult | Problem | undefined): void;
}

let link: Promise<CommandLink | undefined> | undefined;

/** Calls on the background process, if there is one, before it is known what there is to run: it answers meanwhile. */
export async function openLink(): Promise<void> {
  link ??= CommandLink.open();
  // Whoever runs a command is told what is wrong.
  link.catch(() => {});
  // Until then nothing has left us.
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs one command over a connection that the background process holds and nobody uses: as `exec` does, but for all hosts of
 * a run through one socket, with one message there and one back for most of them. Undefined, with nothing done, where there
 * is no such connection, or the command wants more than that (a terminal, input, a password for sudo, its output in the
 * result). Rejects as `exec` does.
 */
export async function commandOnHeld(
  target: Target,
  command: string,
  options: ExecOptions,
): Promise<RunResult | undefined> {
  const { persist, dial, access } = target;
  if (persist === undefined || dial !== undefined || access?.sudoPassword !== undefined) return undefined;
  if (options.stdin !== undefined || options.pty === true || options.collect !== false) return undefined;
  if (command.length > longestCommand) return undefined;
  link ??= CommandLink.open();
  const { as, timeoutMs } = options;
  // As whoever opened the connection said it.
  const key = targetKey({ ...target, identityAgent: agentSocket(target) ?? 'none' });
  const order = { key, name: target.name, persistMs: persist.idleMs, command, as, timeoutMs };
  const opened = await link;
  if (options.signal?.aborted) throw interrupted(target);
  return await opened?.run(target, order, options);
}

class CommandLink {
  readonly #socket: Socket;
  readonly #running = new Map<number, Running>();
  #unsent: Buffer[] = [];
  #next = 1;
  /** What takes output and is not done yet, of all commands: until then nothing more is read. */
  #taking = 0;
  #unanswered = 0;
  #why = 'the background process that held it has ended';
  #closed = false;

  /** Undefined where no agent runs, or it does not answer. */
  static async open(): Promise<CommandLink | undefined> {
    const socket = await dialAgent(agentSocketPath());
    if (socket === undefined) return undefined;
    const lines = new JsonLines(socket);
    const asked = performance.now();
    lines.send({ want: 'commands' });
    // Before this answer nothing is ordered: a process that hangs would do it when everybody has given up.
    const answer = await lines.next(deafMs).catch(() => undefined);
    if (answer === undefined) {
      if (performance.now() - asked >= deafMs) noteDeaf();
      socket.destroy();
      return undefined;
    }
    lines.leave();
    return new CommandLink(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lose = (): void => this.#lose();
    socket.on('error', lose).on('end', lose).on('close', lose);
    readBlocks(
      socket,
      (block) => this.#take(new FieldReader(block)),
      () => socket.destroy(),
    );
    socket.resume();
    const timer = setInterval(() => this.#look(), deafMs / 3).unref();
    socket.once('close', () => clearInterval(timer));
    // Between commands it keeps nobody from ending.
    socket.unref();
  }

  run(target: Target, order: CommandOrder, options: ExecOptions): Promise<RunResult | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const id = this.#next++;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#send(id, commandWords.stop, '');
      signal?.addEventListener('abort', abort, { once: true });
      const taking = new Set<Promise<void>>();
      const end = (outcome: RunResult | Problem | undefined): void => {
        this.#running.delete(id);
        signal?.removeEventListener('abort', abort);
        if (this.#running.size === 0) this.#socket.unref();
        const settle = (): void => (outcome instanceof Problem ? reject(outcome) : resolve(outcome));
        if (taking.size === 0) settle();
        else void Promise.allSettled(taking).then(settle);
      };
      this.#running.set(id, { target, options, taking, end });
      this.#socket.ref();
      this.#send(id, commandWords.run, JSON.stringify(order));
    });
  }

  #send(id: number, word: string, text: string): void {
    if (this.#closed) return;
    this.#unsent.push(fields(fields(id, word, text)));
    if (this.#unsent.length === 1) setImmediate(() => this.#flush());
    else if (this.#unsent.length >= inOneWrite) this.#flush();
  }

  #flush(): void {
    if (this.#unsent.length > 0 && !this.#closed) this.#socket.write(Buffer.concat(this.#unsent));
    this.#unsent = [];
  }

  #take(message: FieldReader): void {
    this.#unanswered = 0;
    const running = this.#running.get(message.number());
    const word = message.text();
    if (running === undefined) return;
    if (word === commandWords.stdout) this.#give(running, running.options.onStdout, message.bytes());
    else if (word === commandWords.stderr) this.#give(running, running.options.onStderr, message.bytes());
    else if (word === commandWords.elsewhere) running.end(undefined);
    else if (word === commandWords.end)
      running.end(outcomeOf(JSON.parse(message.text()) as CommandEnd, running.target));
  }

  #give(running: Running, take: ExecOptions['onStdout'], chunk: Buffer): void {
    const taken = take?.(chunk);
    if (taken === undefined) return;
    running.taking.add(taken);
    this.#taking++;
    this.#socket.pause();
    const settled = (): void => {
      running.taking.delete(taken);
      if (--this.#taking === 0) this.#socket.resume();
    };
    taken.then(settled, settled);
  }

  /** Asks whether somebody is there; not while we read nothing ourselves. */
  #look(): void {
    if (this.#running.size === 0 || this.#taking > 0) {
      this.#unanswered = 0;
    } else if (this.#unanswered++ >= 3) {
      this.#why = 'the background process that holds it hangs';
      this.#socket.destroy();
    } else {
      this.#send(0, commandWords.there, '');
    }
  }

  /** A command that was ordered may have begun: nobody runs it once more. */
  #lose(): void {
    if (this.#closed) return;
    this.#closed = true;
    link = undefined;
    this.#socket.destroy();
    for (const { target, end } of [...this.#running.values()]) {
      end(lostWith(unreachable(target, 'the connection must last', this.#why)));
    }
  }
}

const nothing = Buffer.alloc(0);

function outcomeOf(end: CommandEnd, target: Target): RunResult | Problem {
  if (!('problem' in end)) return { ...end, stdout: nothing, stderr: nothing };
  const { reason, message, hint, lost } = end.problem;
  if (reason === 'interrupted') return interrupted(target);
  const problem = new Problem(reason, message, { hint });
  return lost ? lostWith(problem) : problem;
}

/** What had come is with whoever took it. */
function lostWith(problem: Problem): ConnectionLost {
  return new ConnectionLost(problem, nothing, nothing);
}
