import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type AnyAuthMethod, type AuthHandlerMiddleware, type Client } from 'ssh2';
import type { Problem } from '../base/problem.ts';
import { agentSocket } from './agent-socket.ts';
import { kinds } from './algorithms.ts';
import { type Credentials, credentialsFor } from './credentials.ts';
import { type DialJump, dial } from './dial.ts';
import type { EarlyDial } from './early-dial.ts';
import { hearForcedCommand } from './forced-command.ts';
import { HostKeyCheck } from './host-key.ts';
import { LentKeys } from './lent-keys.ts';
import { lendReads } from './lent-reads.ts';
import { LoginClock } from './login-clock.ts';
import { explain, keepaliveFor, type Phase, refusedLogin, waitingFor } from './login-errors.ts';
import { endpoint, interrupted, unreachable } from './problems.ts';
import { retryDelays } from './retry.ts';
import { Loss, newSession, type Session } from './session.ts';
import { economize, gatherWrites } from './ssh2-economy.ts';
import { Ssh2Transport } from './ssh2-transport.ts';
import type { Target } from './types.ts';

/**
 * Connects and logs in. Rejects with `Problem('hostUnreachable')` where the host is not there, hangs, shows a wrong host
 * key or does not let us in; with `Problem('interrupted')` through `signal`. Leaves no socket behind then.
 */
export async function login(target: Target, options: LoginOptions = {}): Promise<Session> {
  const clock = new LoginClock(target.connectTimeoutMs);
  const [check, credentials] = await Promise.all([
    HostKeyCheck.prepare(target),
    credentialsFor(target, (asking) => clock.hold(asking)),
  ]);
  // Through a stream of its own the stream has the first word: a lab that is down has no keys either.
  if (credentials.methods.length === 0 && target.dial === undefined) throw refusedLogin(target, credentials);
  clock.start();
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptLogin(target, check, credentials, clock, options);
    if (!(outcome instanceof DroppedEarly)) return outcome;
    const delay = retryDelays[attempt];
    if (delay === undefined || delay > clock.leftMs) throw outcome.problem;
    await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
  }
}

export interface LoginOptions {
  readonly signal?: AbortSignal | undefined;
  /** How a target's jump host is gone through; without it a target must have none. */
  readonly dialJump?: DialJump | undefined;
  /** A connection that is on its way already: the first try takes it. */
  readonly early?: EarlyDial | undefined;
}

const noJump: DialJump = () => Promise.reject(new Error('login() without a way through jump hosts'));

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
  clock: LoginClock,
  { signal, dialJump = noJump, early }: LoginOptions,
): Promise<Session | DroppedEarly> {
  let phase: Phase = 'connect';
  const giveUp = new AbortController();
  const loss = new Loss();
  const client = new ssh2.Client();
  let stream: Duplex | undefined;
  let forget = (): void => {};
  let forced = (): boolean => false;
  try {
    return await new Promise<Session | DroppedEarly>((resolve, reject) => {
      const stopClock = clock.onEnd(() => {
        const seen = `${waitingFor[phase]} within ${target.connectTimeoutMs / 1000} s`;
        fail(unreachable(target, `sshd must answer on ${endpoint(target)}`, seen));
      });
      const abort = (): void => fail(interrupted(target));
      signal?.addEventListener('abort', abort, { once: true });
      forget = (): void => {
        stopClock();
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
      client.on('ready', () => {
        lendReads(client, stream!);
        resolve(newSession(new Ssh2Transport(client, target, stream!), target, loss, { forced }));
      });
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

      (early?.take(giveUp.signal) ?? dial(target, giveUp.signal, dialJump)).then(
        (dialled) => {
          stream = dialled;
          if (loss.problem !== undefined) return void dialled.destroy();
          phase = 'banner';
          // The client's own events come too late to tell a silent port from a slow key exchange.
          dialled.once('data', () => {
            if (phase === 'banner') phase = 'handshake';
          });
          gatherWrites(dialled);
          startHandshake(client, target, dialled, check, credentials);
          economize(client);
          forced = hearForcedCommand(client);
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
  const agent = agentSocket(target);
  let accepted: Buffer | undefined;
  client.connect({
    sock: stream,
    username: target.user,
    authHandler: methodsInTurn(credentials.methods),
    algorithms: algorithmsFor(target, check),
    hostVerifier: (key: Buffer, verdict: (ok: boolean) => void) => {
      // When keys are exchanged anew, at once and without a look: while ssh2 waits, what it sends is encrypted wrongly.
      if (accepted !== undefined) return void verdict(accepted.equals(key));
      check.accepts(key).then(
        (ok) => {
          if (ok) accepted = Buffer.from(key);
          verdict(ok);
        },
        () => verdict(false),
      );
    },
    // Ours, in attemptLogin, counts from the beginning of the connection.
    readyTimeout: 0,
    ...keepaliveFor(target),
    ...(target.forwardAgent === true && agent !== undefined && { agent }),
    ...(target.lendKeys === true && { agent: new LentKeys(credentials.methods) }),
  });
}

/** A list of our own for each attempt, as ssh2 empties the one that it is given; ways that the host rules out are left out. */
function methodsInTurn(methods: readonly AnyAuthMethod[]): AuthHandlerMiddleware {
  const left = [...methods];
  const skipped: AnyAuthMethod[] = [];
  return (allowed, partial, next) => {
    // Half-way in (AuthenticationMethods with a comma), what was ruled out before may be what is asked for now.
    if (partial) left.unshift(...skipped.splice(0));
    for (let method = left.shift(); method !== undefined; method = left.shift()) {
      const name = method.type === 'agent' ? 'publickey' : method.type;
      if (allowed?.includes(name) === false) {
        skipped.push(method);
        continue;
      }
      return next(method);
    }
    return next(false as unknown as AnyAuthMethod);
  };
}

function algorithmsFor(target: Target, check: HostKeyCheck): Algorithms {
  const { kex, cipher, hmac } = target.algorithms ?? {};
  return {
    kex: [...(kex ?? kinds.kex.usual)],
    cipher: [...(cipher ?? kinds.cipher.usual)],
    hmac: [...(hmac ?? kinds.hmac.usual)],
    serverHostKey: check.algorithms(),
    compress: ['none'],
  } as Algorithms;
}
