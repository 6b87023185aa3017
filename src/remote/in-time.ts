import type { Channel } from './channel.ts';

interface Limits {
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A channel that is being opened: a host may let us in and then hang in a login shell, in sudo, in PAM. Rejects as the
 * opening does; gives up through `signal` or when the time is over, and closes the channel if it comes after that.
 */
export function inTime(
  opening: Promise<Channel>,
  { signal, timeoutMs }: Limits,
): Promise<Channel | 'aborted' | 'late'> {
  return new Promise((resolve, reject) => {
    const leave = (why: 'aborted' | 'late'): void => {
      settle();
      resolve(why);
      opening.then(
        (channel) => {
          channel.on('error', () => {});
          channel.resume();
          channel.stderr.resume();
          channel.close();
        },
        () => {},
      );
    };
    const abort = (): void => leave('aborted');
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => leave('late'), timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    opening.then(
      (channel) => {
        settle();
        resolve(channel);
      },
      (error: Error) => {
        settle();
        reject(error);
      },
    );
  });
}
