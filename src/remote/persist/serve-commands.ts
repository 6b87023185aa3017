import type { Socket } from 'node:net';
import { Problem } from '../../base/problem.ts';
import { execOn, type ShellAhead } from '../exec.ts';
import { FieldReader, fields, readBlocks } from '../packets.ts';
import { ConnectionLost } from '../problems.ts';
import type { Session } from '../session.ts';
import { gatherWrites } from '../ssh2-economy.ts';
import type { ExecOptions, RunResult } from '../types.ts';
import { type CommandEnd, type CommandOrder, commandWords } from './protocol.ts';

/** A connection that is somebody's until it is given back; not `clean`: something may still run there. */
export interface Lease {
  readonly session: Session;
  /** Waits there for the command. */
  readonly ahead: ShellAhead | undefined;
  release(clean: boolean): void;
}

/** A connection that is open and that nobody uses; undefined: there is none that one command could simply run on. */
export type Lend = (order: CommandOrder) => Lease | undefined;

interface Running {
  readonly id: number;
  readonly order: CommandOrder;
  readonly lease: Lease;
  readonly stop: AbortController;
}

/** Commands that are begun in one turn of the event loop. */
const inOneTurn = 8;

/** Runs the commands that one client orders, each on a connection that is held; what it leaves running ends with that. */
export class CommandServer {
  readonly #socket: Socket;
  readonly #lend: Lend;
  readonly #running = new Map<number, Running>();
  /** Ordered, and not begun yet. */
  readonly #queue: Running[] = [];
  #drained: Promise<void> | undefined;

  /** The socket is paused, and its errors are somebody else's. */
  constructor(socket: Socket, lend: Lend) {
    this.#socket = socket;
    this.#lend = lend;
    readBlocks(
      socket,
      (block) => this.#take(new FieldReader(block)),
      () => socket.destroy(),
    );
    gatherWrites(socket);
    socket.on('end', () => socket.destroy());
    socket.once('close', () => {
      for (const { lease } of this.#running.values()) lease.release(false);
      this.#running.clear();
    });
    socket.resume();
  }

  #take(message: FieldReader): void {
    const id = message.number();
    const word = message.text();
    if (word === commandWords.stop) this.#running.get(id)?.stop.abort();
    else if (word === commandWords.there) this.#send(id, word, '');
    else if (word === commandWords.run) this.#order(id, JSON.parse(message.text()) as CommandOrder);
  }

  #order(id: number, order: CommandOrder): void {
    const lease = this.#lend(order);
    if (lease === undefined) return void this.#send(id, commandWords.elsewhere, '');
    const running = { id, order, lease, stop: new AbortController() };
    this.#running.set(id, running);
    if (this.#queue.push(running) === 1) setImmediate(() => this.#begin());
  }

  /** Some at a time: the first hosts are at work while the next ones are told. */
  #begin(): void {
    for (const running of this.#queue.slice(0, inOneTurn)) if (this.#running.has(running.id)) void this.#run(running);
    this.#queue.splice(0, inOneTurn);
    if (this.#queue.length > 0) setImmediate(() => this.#begin());
  }

  async #run({ id, order, lease, stop }: Running): Promise<void> {
    const options: ExecOptions = {
      as: order.as,
      timeoutMs: order.timeoutMs,
      signal: stop.signal,
      collect: false,
      borrow: true,
      onStdout: (chunk) => this.#send(id, commandWords.stdout, chunk),
      onStderr: (chunk) => this.#send(id, commandWords.stderr, chunk),
    };
    const end = await execOn(lease.session, order.command, options, lease.ahead).then(endOf, problemOf);
    // The client has gone, and its connection with it.
    if (!this.#running.delete(id)) return;
    lease.release(true);
    this.#send(id, commandWords.end, JSON.stringify(end));
  }

  /** A promise where the client reads more slowly than we write. */
  #send(id: number, word: string, content: string | Buffer): Promise<void> | undefined {
    const socket = this.#socket;
    if (socket.destroyed || socket.write(fields(fields(id, word, content)))) return undefined;
    this.#drained ??= new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        this.#drained = undefined;
        resolve();
      };
      socket.once('drain', done).once('close', done);
    });
    return this.#drained;
  }
}

function endOf({ rc, signal, seconds, timedOut = false }: RunResult): CommandEnd {
  return { rc, signal, seconds, timedOut };
}

function problemOf(error: unknown): CommandEnd {
  const { reason, message, hint } = error instanceof Problem ? error : new Problem('defect', String(error));
  return { problem: { reason, message, hint, lost: error instanceof ConnectionLost } };
}
