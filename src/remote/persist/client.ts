import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Problem } from '../../base/problem.ts';
import { agentSocket } from '../agent-socket.ts';
import type { Channel } from '../channel.ts';
import type { PacketChannel } from '../packet-channel.ts';
import { PacketConnection } from '../packet-connection.ts';
import { asStream, PacketTransport } from '../packet-transport.ts';
import { fields } from '../packets.ts';
import { interrupted, unreachable } from '../problems.ts';
import type { Questions } from '../secret.ts';
import { Loss, newSession, type Session } from '../session.ts';
import type { ReverseTunnel, Target } from '../types.ts';
import { type Answer, agentSocketPath, deafMs, JsonLines, requests } from './protocol.ts';

/** How long a new agent may take until it listens; in milliseconds. */
const startMs = 10_000;

/** A connection to the agent that runs; undefined where none does. */
export function dialAgent(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(undefined));
  });
}

/** True once an agent did not answer: the rest of the run goes without it. */
let deaf = false;

export function noteDeaf(): void {
  deaf = true;
}

let starting: Promise<boolean> | undefined;

/** Starts an agent, once for all hosts of a run, and waits until it listens; false where it does not. */
async function startAgent(path: string, command: readonly string[]): Promise<boolean> {
  const child = spawn(command[0]!, command.slice(1), { detached: true, stdio: 'ignore', cwd: '/' });
  child.on('error', () => {});
  child.unref();
  const deadline = performance.now() + startMs;
  while (performance.now() < deadline) {
    const socket = await dialAgent(path);
    if (socket !== undefined) {
      socket.destroy();
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/**
 * A session over a connection that the agent holds: an open one, or one that it opens now. Undefined where there is no agent
 * and none can be started, or it hangs: then the connection is made without one. Rejects as a login does.
 */
export async function persistentSession(target: Target, signal: AbortSignal | undefined): Promise<Session | undefined> {
  const { persist } = target;
  if (persist === undefined || deaf) return undefined;
  const path = agentSocketPath();
  let socket = await dialAgent(path);
  if (socket === undefined) {
    starting ??= startAgent(path, persist.start);
    // Where none can be started, that is so for the rest of the run; one that has ended is started again.
    if (await starting) starting = undefined;
    socket = await dialAgent(path);
  }
  if (socket === undefined) return undefined;
  const mine = socket;
  const abort = (): void => void mine.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const answer = await order(socket, target, persist.idleMs);
    if (signal?.aborted) throw interrupted(target);
    if (answer === undefined) {
      socket.destroy();
      return undefined;
    }
    return sessionOver(socket, target, answer.workerGroups);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Tells the agent what we want, and answers what it has to ask. */
async function order(
  socket: Socket,
  target: Target,
  persistMs: number,
): Promise<Extract<Answer, { ready: true }> | undefined> {
  const lines = new JsonLines(socket);
  const { access, persist, ...rest } = target;
  const questions: Questions | undefined = access?.questions;
  lines.send({
    want: 'session',
    // Our agent for keys, not the one that was there when the background process began.
    target: { ...rest, identityAgent: agentSocket(target) ?? 'none' },
    persistMs,
    password: access?.password?.reveal(),
    mayAsk: questions !== undefined,
  });
  const heard = (await lines.next(deafMs)) as Answer | undefined;
  if (heard === undefined) {
    noteDeaf();
    return undefined;
  }
  for (;;) {
    const answer = (await lines.next(loginMs(target))) as Answer | undefined;
    if (answer === undefined) return undefined;
    if ('problem' in answer)
      throw new Problem(answer.problem.reason, answer.problem.message, { hint: answer.problem.hint });
    if ('ready' in answer) {
      lines.leave();
      return answer;
    }
    if (!('ask' in answer)) continue;
    const { question } = answer;
    const asking =
      answer.ask === 'line' ? questions?.line(question) : questions?.secret(question).then((one) => one.reveal());
    lines.send({ answer: await Promise.resolve(asking ?? null).catch(() => null) });
  }
}

/** The agent has the same time for a login as we would have, hop by hop; it says itself when it is over. */
function loginMs(target: Target): number {
  return target.connectTimeoutMs + (target.jump === undefined ? deafMs : loginMs(target.jump));
}

/** Notices an agent that hangs while we use what it holds; returns how to stop looking. */
function watch(connection: PacketConnection, onDeaf: () => void): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered++ >= 3) return onDeaf();
    const answered = (): void => {
      unanswered = 0;
    };
    connection.global(requests.there).then(answered, answered);
  }, deafMs / 3).unref();
  return () => clearInterval(timer);
}

function sessionOver(socket: Socket, target: Target, workerGroups: readonly number[]): Session {
  const loss = new Loss();
  const connection = new PacketConnection(socket);
  const lost = { why: undefined as string | undefined };
  connection.onGlobal = async (name, body) => {
    if (name === requests.lost) lost.why = body.text();
    return Buffer.alloc(0);
  };
  const unwatch = watch(connection, () => {
    lost.why = unreachable(target, 'the connection must last', 'the background process that holds it hangs').message;
    socket.destroy();
  });
  connection.onClose = async () => {
    unwatch();
    // The agent's own words are about the host already.
    loss.declare(
      lost.why === undefined
        ? unreachable(target, 'the connection must last', 'the background process that held it has ended')
        : new Problem('hostUnreachable', lost.why),
    );
  };
  const park = (channel: Channel, group: number): void => {
    void (channel as PacketChannel).request(requests.park, false, fields(group));
    channel.resume();
    (channel as PacketChannel).stderr.resume();
  };
  socket.resume();
  return newSession(new AgentTransport(connection, target), target, loss, {
    park,
    workerGroups: new Set(workerGroups),
  });
}

class AgentTransport extends PacketTransport {
  readonly #tunnels = new Map<number, (stream: Duplex) => void>();

  constructor(connection: PacketConnection, target: Target) {
    super(connection, target);
    connection.onOpen = (type, body) => {
      if (type !== 'forwarded-tcpip') return undefined;
      body.text();
      const accept = this.#tunnels.get(body.number());
      return accept === undefined ? undefined : (channel) => accept(asStream(channel));
    };
  }

  async listen(accept: (stream: Duplex) => void): Promise<ReverseTunnel> {
    const port = (await this.connection.global('tcpip-forward', '127.0.0.1', 0)).number();
    this.#tunnels.set(port, accept);
    const close = async (): Promise<void> => {
      this.#tunnels.delete(port);
      await this.connection.global('cancel-tcpip-forward', '127.0.0.1', port);
    };
    return { port, close };
  }

  /** The connection itself stays, for the next. */
  async end(): Promise<void> {
    this.connection.end();
  }
}
