import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type Client } from 'ssh2';
import type { Problem } from '../base/problem.ts';
import { type Credentials, credentialsFor } from './credentials.ts';
import { dial } from './dial.ts';
import { HostKeyCheck } from './host-key.ts';
import { explain, keepalive, type Phase, refusedLogin, waitingFor } from './login-errors.ts';
import { endpoint, interrupted, unreachable } from './problems.ts';
import { Loss, newSession, type Session } from './session.ts';
import { Ssh2Transport } from './ssh2-transport.ts';
import type { Target } from './types.ts';

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

/** sshd drops connections at random while too many log in at once (MaxStartups); in milliseconds. */
const retryDelays = [200, 500, 1200, 2500];

/**
 * Connects and logs in. Rejects with `Problem('hostUnreachable')` where the host is not there, hangs, shows a wrong host
 * key or does not let us in; with `Problem('interrupted')` through `signal`. Leaves no socket behind then.
 */
export async function login(target: Target, options: { signal?: AbortSignal | undefined } = {}): Promise<Session> {
  const [check, credentials] = await Promise.all([HostKeyCheck.prepare(target), credentialsFor(target)]);
  // Through a stream of its own the stream has the first word: a lab that is down has no keys either.
  if (credentials.methods.length === 0 && target.dial === undefined) throw refusedLogin(target, credentials);
  const deadline = performance.now() + target.connectTimeoutMs;
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptLogin(target, check, credentials, deadline - performance.now(), options.signal);
    if (!(outcome instanceof DroppedEarly)) return outcome;
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
      client.on('ready', () => resolve(newSession(new Ssh2Transport(client, target), target, loss)));
      client.on('error', (error) => {
        // A stream of our own that failed (a ProxyCommand, say) would fail again; only a hang-up is worth another try.
        const hungUp = error.level === 'protocol' || (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        // ssh2 goes on with the next key by itself.
        if (error.level === 'agent') return;
        if (phase === 'banner' && hungUp && !signal?.aborted) {
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
