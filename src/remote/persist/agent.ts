import { chmodSync, linkSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { Problem } from '../../base/problem.ts';
import { targetKey } from '../jump.ts';
import { PacketConnection } from '../packet-connection.ts';
import { type Access, type Questions, Secret } from '../secret.ts';
import type { Session } from '../session.ts';
import type { Target } from '../types.ts';
import { Bridge, type Parked } from './bridge.ts';
import { dialAgent } from './client.ts';
import { type AgentStatus, type CommandOrder, JsonLines, type Order, type Reply } from './protocol.ts';
import { CommandServer, type Lease } from './serve-commands.ts';
import { ShellOfConnection, ShellStarter } from './shells-ahead.ts';

/** An agent with nothing to hold ends after this long; in milliseconds. */
const lonelyMs = 3000;

/** A connection that somebody uses, or that waits to be used again. */
interface Held {
  readonly key: string;
  readonly session: Session;
  readonly parked: Parked[];
  readonly ahead: ShellOfConnection;
  inUse: boolean;
  endsAt: number;
  timer: NodeJS.Timeout | undefined;
}

type OpenSession = (target: Target, options: { signal: AbortSignal }) => Promise<Session>;

/**
 * Holds connections for other processes of the same user. One client at a time has a connection: commands that have to be
 * killed are told by their parent, and that must not be somebody else's. Resolves when it has nothing to do any more;
 * at once where another agent listens already.
 */
export async function serveAgent(path: string, open: OpenSession): Promise<void> {
  const agent = new Agent(open);
  const own = `${path}.${process.pid}`;
  const server = createServer((socket) => void agent.serve(socket));
  const old = process.umask(0o077);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(own, resolve));
  process.umask(old);
  chmodSync(own, 0o600);
  try {
    if (!(await publish(own, path))) return;
    await agent.done;
    rmSync(path, { force: true });
  } finally {
    rmSync(own, { force: true });
    server.close();
  }
}

/** Puts the socket in its place, which only one can; false where a living agent has it. */
async function publish(own: string, path: string): Promise<boolean> {
  for (let turn = 0; turn < 3; turn++) {
    try {
      linkSync(own, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const other = await dialAgent(path);
    other?.destroy();
    if (other !== undefined) return false;
    rmSync(path, { force: true });
  }
  return false;
}

class Agent {
  readonly done: Promise<void>;
  readonly #open: OpenSession;
  readonly #held = new Set<Held>();
  readonly #byKey = new Map<string, Set<Held>>();
  readonly #starter = new ShellStarter(() => this.#wantsShell());
  #clients = 0;
  /** Logins that are under way. */
  #opening = 0;
  #lonely: NodeJS.Timeout | undefined;
  #finish: () => void = () => {};

  constructor(open: OpenSession) {
    this.#open = open;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#watch();
  }

  async serve(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    const lines = new JsonLines(socket);
    const order = (await lines.next().catch(() => undefined)) as Order | undefined;
    if (order?.want === 'session') lines.send({ heard: true });
    if (order?.want === 'session') return await this.#session(socket, lines, order);
    if (order?.want === 'commands') {
      this.#count(socket);
      lines.send({ heard: true });
      lines.leave();
      return void new CommandServer(socket, (command) => this.#lend(command));
    }
    if (order?.want === 'status') lines.send({ status: this.#status() });
    if (order?.want === 'stop') {
      const stopped = this.#held.size;
      await Promise.all([...this.#held].map((held) => this.#close(held)));
      lines.send({ stopped });
      this.#finish();
    }
    socket.end();
  }

  async #session(socket: Socket, lines: JsonLines, order: Extract<Order, { want: 'session' }>): Promise<void> {
    this.#count(socket);
    const key = targetKey(order.target);
    let held = this.#idle(key);
    const warm = held !== undefined;
    if (held !== undefined) {
      this.#take(held);
    } else {
      const gone = new AbortController();
      const onClose = (): void => gone.abort();
      socket.once('close', onClose);
      this.#opening++;
      try {
        const target = withAccess(order.target, accessFor(lines, order));
        const session = await this.#open(target, { signal: gone.signal });
        const ahead = new ShellOfConnection(session);
        held = { key, session, parked: [], ahead, inUse: true, endsAt: 0, timer: undefined };
      } catch (error) {
        const { reason, message, hint } = error instanceof Problem ? error : new Problem('defect', String(error));
        lines.send({ problem: { reason, message, hint } });
        socket.end();
        return;
      } finally {
        socket.off('close', onClose);
        this.#opening--;
        this.#starter.stir();
      }
      const mine = held;
      this.#add(mine);
      mine.session.loss.wait(() => {
        clearTimeout(mine.timer);
        this.#forget(mine);
        this.#watch();
      });
    }
    if (socket.destroyed) return this.#release(held, order.persistMs, true);
    const mine = held;
    lines.leave();
    const connection = new PacketConnection(socket);
    const onEnd = (clean: boolean): void => this.#release(mine, order.persistMs, clean);
    // Its channel is one less of sshd's.
    new Bridge(connection, mine, mine.ahead.clear(), onEnd);
    lines.send({ ready: true, warm, workerGroups: mine.parked.map(({ group }) => group) });
    socket.resume();
  }

  /** We stay as long as the client does. */
  #count(socket: Socket): void {
    this.#clients++;
    socket.once('close', () => {
      this.#clients--;
      this.#watch();
    });
    this.#watch();
  }

  /** Not a connection with a worker shell that waits: its channel is one less of sshd's, and a bridge gives it up first. */
  #lend({ key, name, persistMs }: CommandOrder): Lease | undefined {
    const held = this.#idle(key);
    if (held === undefined || held.parked.length > 0 || held.session.target.name !== name) return undefined;
    this.#take(held);
    const ahead = held.ahead.take();
    const release = (clean: boolean): void => {
      // Where the command was over before it began.
      ahead?.leave();
      this.#release(held, persistMs, clean);
    };
    return { session: held.session, ahead, release };
  }

  #idle(key: string): Held | undefined {
    for (const held of this.#byKey.get(key) ?? []) if (isFree(held)) return held;
    return undefined;
  }

  #wantsShell(): ShellOfConnection | undefined {
    if (this.#opening > 0) return undefined;
    // Who has a worker shell that waits goes through a bridge, which would give this one up.
    for (const held of this.#held) if (isFree(held) && held.parked.length === 0 && held.ahead.wanted) return held.ahead;
    return undefined;
  }

  #add(held: Held): void {
    this.#held.add(held);
    const same = this.#byKey.get(held.key);
    if (same === undefined) this.#byKey.set(held.key, new Set([held]));
    else same.add(held);
  }

  #forget(held: Held): void {
    this.#held.delete(held);
    const same = this.#byKey.get(held.key);
    same?.delete(held);
    if (same?.size === 0) this.#byKey.delete(held.key);
  }

  #take(held: Held): void {
    held.inUse = true;
    clearTimeout(held.timer);
    this.#starter.stir();
  }

  /** The client has gone. What it left running is nobody's any more, and ends with the connection, as without an agent. */
  #release(held: Held, persistMs: number, clean: boolean): void {
    if (held.session.loss.problem !== undefined) return;
    if (!clean) return void this.#close(held);
    held.inUse = false;
    held.endsAt = performance.now() + persistMs;
    held.timer = setTimeout(() => void this.#close(held), persistMs);
    this.#starter.stir();
  }

  async #close(held: Held): Promise<void> {
    clearTimeout(held.timer);
    this.#forget(held);
    const { loss, transport, target } = held.session;
    if (loss.problem === undefined) {
      const seen = `Cannot use host "${target.name}" as the connection must be open: it was closed`;
      loss.declare(new Problem('hostUnreachable', seen));
      await transport.end();
    }
    this.#watch();
  }

  /** Ends the agent when there has been nothing to do for a while. */
  #watch(): void {
    if (this.#clients > 0 || this.#held.size > 0) {
      clearTimeout(this.#lonely);
      this.#lonely = undefined;
    } else {
      this.#lonely ??= setTimeout(() => this.#finish(), lonelyMs);
    }
  }

  #status(): AgentStatus {
    const now = performance.now();
    return {
      pid: process.pid,
      rssBytes: process.memoryUsage().rss,
      sessions: [...this.#held].map(({ session, inUse, parked, ahead, endsAt }) => ({
        host: session.target.name,
        address: session.target.address,
        user: session.target.user,
        state: inUse ? 'in use' : 'idle',
        workers: parked.length + (ahead.waits ? 1 : 0),
        leftMs: inUse ? undefined : Math.max(0, Math.round(endsAt - now)),
      })),
    };
  }
}

function isFree({ inUse, session }: Held): boolean {
  return !inUse && session.loss.problem === undefined;
}

/** Asks through the client, whose person sits in front of the terminal. */
function accessFor(lines: JsonLines, order: Extract<Order, { want: 'session' }>): Access {
  let last: Promise<unknown> = Promise.resolve();
  const ask = (kind: 'secret' | 'line', question: string): Promise<string> => {
    const answer = last.then(async () => {
      lines.send({ ask: kind, question });
      const reply = (await lines.next()) as Reply | undefined;
      if (typeof reply?.answer === 'string') return reply.answer;
      throw new Problem('interrupted', `Cannot go on as "${question.trim()}" must be answered: it was not`);
    });
    last = answer.catch(() => {});
    return answer;
  };
  const questions: Questions = {
    line: (question) => ask('line', question),
    secret: async (question) => new Secret(await ask('secret', question)),
  };
  return {
    questions: order.mayAsk ? questions : undefined,
    password: order.password === undefined ? undefined : new Secret(order.password),
  };
}

function withAccess(target: Target, access: Access): Target {
  const { jump } = target;
  return { ...target, access, dial: undefined, ...(jump !== undefined && { jump: withAccess(jump, access) }) };
}
