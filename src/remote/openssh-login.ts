import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ChannelRefused } from './channel.ts';
import { LoginClock } from './login-clock.ts';
import { AskpassServer } from './openssh-askpass.ts';
import { explainSsh, isDroppedEarly } from './openssh-errors.ts';
import { masterWords } from './openssh-words.ts';
import { PacketConnection } from './packet-connection.ts';
import { PacketTransport } from './packet-transport.ts';
import { FieldReader, fields, readBlocks } from './packets.ts';
import { endpoint, interrupted, NoOpenSsh, unreachable } from './problems.ts';
import { retryDelays } from './retry.ts';
import { Loss, newSession, type Session } from './session.ts';
import type { ReverseTunnel, Target } from './types.ts';

/** Messages of OpenSSH's PROTOCOL.mux. */
const mux = { hello: 1, version: 4, proxy: 0x1000000f, proxyAccepted: 0x8000000f } as const;
/** How often the control socket is looked for; in milliseconds. */
const lookMs = 15;
/** What OpenSSH gets to say in its own words that the time is over; in milliseconds. */
const graceMs = 500;
/** How long a master that was asked to end may take; in milliseconds. */
const endMs = 2000;

/** A directory of this process alone, for control sockets and for what ssh asks; it goes with the process. */
let room: Promise<{ dir: string; askpass: AskpassServer }> | undefined;
let count = 0;

function ownRoom(): NonNullable<typeof room> {
  room ??= (async () => {
    const dir = await mkdtemp(join(process.env.XDG_RUNTIME_DIR || tmpdir(), 'muster-ssh-'));
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    const askpass = new AskpassServer(dir);
    await askpass.start();
    return { dir, askpass };
  })();
  return room;
}

/**
 * Logs in with the system's `ssh`, which then stays as control master and carries our channels in its proxy mode: so whatever
 * OpenSSH can do (certificates, post-quantum key exchange, FIDO keys), we can. Rejects as `login` does.
 */
export async function openSshLogin(
  target: Target,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Session> {
  const deadline = performance.now() + target.connectTimeoutMs;
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptLogin(target, options.signal);
    if (typeof outcome !== 'string') return outcome;
    const delay = retryDelays[attempt];
    if (!isDroppedEarly(outcome) || delay === undefined || performance.now() + delay > deadline) {
      throw explainSsh(target, outcome);
    }
    await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
  }
}

/** The session, or what ssh said before it ended. */
async function attemptLogin(target: Target, signal: AbortSignal | undefined): Promise<Session | string> {
  const { dir, askpass } = await ownRoom();
  const id = String(++count);
  const socket = join(dir, id);
  const access = target.access ?? {};
  const mayAsk = access.questions !== undefined || access.password !== undefined;
  // OpenSSH's own limit ends with the banner; ours is for all of it, but for the time that a person takes to answer.
  const clock = new LoginClock(target.connectTimeoutMs + graceMs);
  const words = masterWords(target, socket, { mayAsk });
  const child = spawnMaster(words, mayAsk ? askpass.environment(id, access, (asking) => clock.hold(asking)) : {});
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-8192);
  });
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      const { reason, message } = unreachable(target, 'OpenSSH must be installed here', error.message);
      failure = new NoOpenSsh(reason, message);
      resolve();
    });
    child.once('close', () => resolve());
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const abort = (): void => void child.kill();
  signal?.addEventListener('abort', abort, { once: true });
  const stopClock = clock.onEnd(() => child.kill('SIGKILL'));
  clock.start();
  try {
    if (signal?.aborted) abort();
    while (!over && !existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, lookMs));
    if (signal?.aborted) throw interrupted(target);
    if (failure !== undefined) throw failure;
    if (over) return said || `Connection timed out (${endpoint(target)})`;
    const loss = new Loss();
    const connection = new PacketConnection(await proxy(socket));
    const lose = (why: string): void => {
      const last = said.trim().split('\n').at(-1) || why;
      loss.declare(unreachable(target, 'the connection must last', last));
    };
    void ended.then(() => lose('ssh ended'));
    connection.onClose = async (why) => {
      // The master says more than its socket, a moment later.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300).unref())]);
      lose(why);
    };
    return newSession(new OpenSshTransport(connection, target, { child, socket, ended, dir }), target, loss);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    stopClock();
    signal?.removeEventListener('abort', abort);
  }
}

/** In a session of its own, or Ctrl-C would cut the connection before the commands on it are ended; it dies with us. */
function spawnMaster(words: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  const setpriv = '/usr/bin/setpriv';
  const command = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', 'ssh'] : ['ssh'];
  return spawn(command[0]!, [...command.slice(1), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, ...environment },
  });
}

/** Connects to a control master and asks it to carry our packets as they are (PROTOCOL.mux, MUX_C_PROXY). */
function proxy(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const send = (...values: readonly number[]): void => {
      const body = fields(...values);
      socket.write(Buffer.concat([fields(body.length), body]));
    };
    const stop = readBlocks(
      socket,
      (block) => {
        const type = new FieldReader(block).number();
        if (type === mux.hello) return;
        stop();
        socket.off('error', reject);
        if (type === mux.proxyAccepted) resolve(socket);
        else reject(new Error('ssh does not carry our packets (OpenSSH 7.4 does)'));
      },
      reject,
    );
    socket.once('error', reject);
    send(mux.hello, mux.version);
    send(mux.proxy, 0);
  });
}

interface Master {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly ended: Promise<void>;
  readonly dir: string;
}

class OpenSshTransport extends PacketTransport {
  readonly #master: Master;
  #tunnels = 0;

  constructor(connection: PacketConnection, target: Target, master: Master) {
    super(connection, target);
    this.#master = master;
  }

  /** In proxy mode a master passes no answers on; so it forwards to a socket of ours, by an order of its own. */
  async listen(accept: (stream: Duplex) => void): Promise<ReverseTunnel> {
    const path = join(this.#master.dir, `${this.#master.socket.split('/').at(-1)}-${++this.#tunnels}`);
    const streams = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (stream) => {
      streams.add(stream);
      stream.on('error', () => {});
      stream.on('close', () => streams.delete(stream));
      accept(stream);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const stop = async (): Promise<void> => {
      server.close();
      for (const stream of streams) stream.destroy();
      await rm(path, { force: true });
    };
    const order = (name: string, from: number): Promise<string> =>
      new Promise((resolve, reject) => {
        const forward = `127.0.0.1:${from}:${path}`;
        const words = ['-F', 'none', '-S', this.#master.socket, '-O', name, '-R', forward, 'host'];
        execFile('ssh', words, (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new ChannelRefused(stderr.trim().split('\n').at(-1) || error.message, false));
        });
      });
    try {
      const port = Number((await order('forward', 0)).trim());
      if (!(port > 0)) throw new ChannelRefused('ssh named no port', false);
      const close = async (): Promise<void> => {
        await stop();
        await order('cancel', 0).catch(() => {});
      };
      return { port, close };
    } catch (error) {
      await stop();
      throw error;
    }
  }

  async end(): Promise<void> {
    const { child, ended } = this.#master;
    this.connection.end();
    child.kill();
    const timer = setTimeout(() => child.kill('SIGKILL'), endMs);
    await ended;
    clearTimeout(timer);
  }
}
