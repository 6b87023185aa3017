import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type Client } from 'ssh2';
import { Problem } from '../base/problem.ts';
import { type Credentials, credentialsFor } from './credentials.ts';
import { dial } from './dial.ts';
import { execOn } from './exec.ts';
import { HostKeyCheck } from './host-key.ts';
import { endpoint, interrupted, unreachable } from './problems.ts';
import { Loss, type Session } from './session.ts';
import { putFile } from './transfer.ts';
import { Tunnels } from './tunnel.ts';
import type { Connection, Target } from './types.ts';
import { ShellWorker } from './worker.ts';

/** Cheap ones first; a subset of what OpenSSH's own defaults offer. */
const algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies Algorithms;

/** A host that says nothing for this long counts as lost: three keepalives without an answer. */
const keepalive = { keepaliveInterval: 2000, keepaliveCountMax: 3 };

/** sshd drops connections at random while too many log in at once (MaxStartups); in milliseconds. */
const retryDelays = [200, 500, 1200, 2500];

/** How far a login has come: tells a host that hangs from one that is not there. */
type Phase = 'connect' | 'banner' | 'handshake' | 'login';

const waitingFor: Record<Phase, string> = {
  connect: 'no answer to the connection',
  banner: 'connected, and no SSH banner came',
  handshake: 'the key exchange did not end',
  login: 'the login did not end',
};

/**
 * Connects and logs in. Rejects with `Problem('hostUnreachable')` where the host is not there, hangs, shows a wrong host
 * key or does not let us in; with `Problem('interrupted')` through `signal`. Leaves no socket behind then.
 */
export async function connect(target: Target, options: { signal?: AbortSignal | undefined } = {}): Promise<Connection> {
  const [check, credentials] = await Promise.all([HostKeyCheck.prepare(target), credentialsFor(target)]);
  if (credentials.methods.length === 0) throw refusedLogin(target, credentials);
  const deadline = performance.now() + target.connectTimeoutMs;
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptLogin(target, check, credentials, deadline - performance.now(), options.signal);
    if (!(outcome instanceof DroppedEarly)) return new SshConnection(outcome);
    const delay = retryDelays[attempt];
    if (delay === undefined || performance.now() + delay > deadline) throw outcome.problem;
    await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
  }
}

/** The connection was closed before sshd said who it is; worth another try. */
class DroppedEarly {
  readonly problem: Problem;
  constructor(problem: Problem) {
    this.problem = problem;
  }
}

async function attemptLogin(
  target: Target,
  check: HostKeyCheck,
  credentials: Credentials,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Session | DroppedEarly> {
  let phase: Phase = 'connect';
  const giveUp = new AbortController();
  const loss = new Loss();
  const client = new ssh2.Client();
  let stream: Duplex | undefined;
  let forget = (): void => {};
  try {
    return await new Promise<Session | DroppedEarly>((resolve, reject) => {
      const timer = setTimeout(() => {
        const seen = `${waitingFor[phase]} within ${target.connectTimeoutMs / 1000} s`;
        fail(unreachable(target, `sshd must answer on ${endpoint(target)}`, seen));
      }, timeoutMs);
      const abort = (): void => fail(interrupted(target));
      signal?.addEventListener('abort', abort, { once: true });
      forget = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (problem: Problem): void => {
        loss.declare(problem);
        reject(problem);
        giveUp.abort(problem);
      };
      if (signal?.aborted) return abort();

      client.on('handshake', () => {
        phase = 'login';
      });
      client.on('ready', () => resolve({ client, target, loss }));
      client.on('error', (error) => {
        if (phase === 'banner' && error.level !== 'client-timeout' && !signal?.aborted) {
          const seen = 'it closed the connection before its banner';
          resolve(new DroppedEarly(unreachable(target, `sshd must answer on ${endpoint(target)}`, seen)));
        }
        fail(check.refusal ?? explain(target, credentials, error, phase));
      });
      client.on('close', () => {
        const seen = phase === 'login' ? 'it closed the connection' : `it closed the connection (${waitingFor[phase]})`;
        fail(check.refusal ?? unreachable(target, 'the connection must last', seen));
      });

      dial(target, giveUp.signal).then(
        (dialled) => {
          stream = dialled;
          if (loss.problem !== undefined) return void dialled.destroy();
          phase = 'banner';
          // The client's own events come too late to tell a silent port from a slow key exchange.
          dialled.once('data', () => {
            if (phase === 'banner') phase = 'handshake';
          });
          startHandshake(client, target, dialled, check, credentials);
        },
        (error: NodeJS.ErrnoException) => fail(explain(target, credentials, error, 'connect')),
      );
    }).then((outcome) => {
      if (outcome instanceof DroppedEarly) stream?.destroy();
      return outcome;
    });
  } catch (error) {
    client.destroy();
    stream?.destroy();
    throw error;
  } finally {
    forget();
  }
}

function startHandshake(
  client: Client,
  target: Target,
  stream: Duplex,
  check: HostKeyCheck,
  credentials: Credentials,
): void {
  client.connect({
    sock: stream,
    username: target.user,
    // The same object serves several attempts, and ssh2 empties the list that it is given.
    authHandler: [...credentials.methods],
    algorithms: { ...algorithms, serverHostKey: check.algorithms() },
    hostVerifier: (key: Buffer, verdict: (ok: boolean) => void) => {
      check.accepts(key).then(verdict, () => verdict(false));
    },
    // Ours, in attemptLogin, counts from the beginning of the connection.
    readyTimeout: 0,
    ...keepalive,
  });
}

/** Puts the errors of the system and of ssh2 into words. */
function explain(
  target: Target,
  credentials: Credentials,
  error: Error & { code?: unknown; level?: string },
  phase: Phase,
): Problem {
  const at = endpoint(target);
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(target, 'its address must resolve', `"${target.address}" does not`);
    case 'ECONNREFUSED':
      return unreachable(target, `sshd must answer on ${at}`, 'connection refused');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable(target, `sshd must answer on ${at}`, 'no route to it');
    case 'ETIMEDOUT':
      return unreachable(target, `sshd must answer on ${at}`, 'no answer');
  }
  if (error.level === 'client-authentication') return refusedLogin(target, credentials);
  if (error.level === 'client-timeout') {
    const seconds = (keepalive.keepaliveInterval * (keepalive.keepaliveCountMax + 1)) / 1000;
    return unreachable(target, 'the connection must last', `it has not answered for ${seconds} s`);
  }
  if (error.level === 'handshake' && /no matching/i.test(error.message)) {
    return unreachable(target, 'it must offer an algorithm that OpenSSH still accepts', error.message);
  }
  const must = phase === 'connect' ? `a stream to ${at} must open` : 'the connection must last';
  return unreachable(target, must, error.message);
}

function refusedLogin(target: Target, credentials: Credentials): Problem {
  const tried =
    credentials.tried.length === 0 ? 'there is no key to try' : `it refused ${credentials.tried.join(', ')}`;
  const unusable = credentials.unusable.map((reason) => `; not usable is ${reason}`).join('');
  return unreachable(
    target,
    `"${target.user}" must be let in with a key`,
    `${tried}${unusable}`,
    credentials.tried.length === 0
      ? 'name one in the inventory or ssh_config (IdentityFile), or start an agent'
      : undefined,
  );
}

class SshConnection implements Connection {
  readonly #session: Session;
  readonly #tunnels: Tunnels;

  constructor(session: Session) {
    this.#session = session;
    this.#tunnels = new Tunnels(session);
  }

  get target(): Target {
    return this.#session.target;
  }

  async worker(options: { become?: boolean } = {}): Promise<ShellWorker> {
    const worker = new ShellWorker(this.#session, options.become === true && this.target.user !== 'root');
    await worker.start();
    return worker;
  }

  exec(...[command, options]: Parameters<Connection['exec']>): ReturnType<Connection['exec']> {
    return execOn(this.#session, command, options);
  }

  reverseTunnel(...[accept]: Parameters<Connection['reverseTunnel']>): ReturnType<Connection['reverseTunnel']> {
    return this.#tunnels.open(accept);
  }

  putFile(...[path, content, options]: Parameters<Connection['putFile']>): Promise<void> {
    return putFile(this.#session, path, content, options);
  }

  /** Ends the connection, and with it everything that still runs through it. */
  async close(): Promise<void> {
    const { client, loss, target } = this.#session;
    if (loss.problem !== undefined) return;
    await new Promise<void>((resolve) => {
      client.on('close', () => resolve());
      loss.declare(
        new Problem(
          'hostUnreachable',
          `Cannot use host "${target.name}" as the connection must be open: it was closed`,
        ),
      );
      client.end();
      // A host that is gone never confirms the end.
      setTimeout(() => client.destroy(), 500).unref();
    });
  }
}
