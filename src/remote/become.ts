import { randomBytes } from 'node:crypto';
import type { Channel } from './channel.ts';
import { hostFailed } from './problems.ts';
import type { Secret } from './secret.ts';
import type { Target } from './types.ts';

/** How every command of ours that runs as root begins, where sudo wants no password. */
const withoutPassword = /^exec sudo -n (?:-H )?-- /;

/** A command under sudo that may ask for a password, and the two things that are then heard from it. */
export interface SudoCommand {
  readonly command: string;
  readonly asks: string;
  readonly ready: string;
}

/**
 * The same command with a sudo that reads a password from standard input, where it asks for one; undefined where the
 * command is not for root. What asks and what begins say so with words that nobody can know before.
 */
export function sudoCommand(command: string): SudoCommand | undefined {
  const match = withoutPassword.exec(command);
  if (match === null) return undefined;
  const nonce = randomBytes(16).toString('hex');
  const [asks, ready] = [`asks-${nonce}`, `ready-${nonce}`];
  const rest = command.slice(match[0].length);
  // Fixed text and harmless characters only, as the login shell may quote by rules of its own.
  return {
    command: `exec sudo -S -p ${asks} -H -- /bin/sh -c 'printf ${ready} >&2; exec "$@"' sh ${rest}`,
    asks,
    ready,
  };
}

/**
 * Gives sudo its password if it asks, and resolves when the command itself has begun: nothing of what passed until then is
 * left in the channel's streams, and the password reaches nobody but sudo. Rejects where sudo refuses.
 */
export async function passSudo(
  channel: Channel,
  { asks, ready }: SudoCommand,
  options: { readonly target: Target; readonly password: Secret; readonly pty: boolean },
): Promise<void> {
  const { name, user } = options.target;
  // On a terminal both streams are one.
  const source = options.pty ? channel : channel.stderr;
  let seen = '';
  let given = false;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      source.off('data', onData).off('end', onEnd);
      channel.off('exit', onEnd).off('close', onEnd);
      source.pause();
    };
    const refuse = (why: string): void => {
      settle();
      channel.on('error', () => {});
      channel.resume();
      channel.stderr.resume();
      channel.close();
      reject(hostFailed(`Cannot become root on host "${name}" as sudo must take the password of "${user}": ${why}`));
    };
    const onEnd = (): void => refuse(seen.trim().split('\n').at(-1) || 'it ended without a word');
    const onData = (chunk: Buffer): void => {
      seen += chunk.toString('latin1');
      const begun = seen.indexOf(ready);
      if (begun !== -1) {
        settle();
        const rest = seen.slice(begun + ready.length);
        if (rest !== '') source.unshift(Buffer.from(rest, 'latin1'));
        return void resolve();
      }
      const asked = seen.indexOf(asks);
      if (asked === -1) return;
      if (given) return void refuse('it was refused');
      given = true;
      seen = seen.slice(asked + asks.length);
      channel.write(`${options.password.reveal()}\n`);
    };
    source.on('data', onData).on('end', onEnd);
    channel.on('exit', onEnd).on('close', onEnd);
  });
  // Whoever waits for the channel listens by then.
  setImmediate(() => source.resume());
}
