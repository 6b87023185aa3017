/** Said instead of a result: nobody knows what came of the work. */
export class NoAnswer extends Error {}

/** After `ms`. */
export function noAnswer(ms: number): NoAnswer {
  return new NoAnswer(`no answer in ${Math.round(ms / 100) / 10} s`);
}

/**
 * The result of `work`, or a NoAnswer after `ms` or as soon as `signal` aborts, whichever is first. The work goes on: a
 * process that waits for a device inside the kernel can be ended by nobody.
 */
export function within<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', given);
    };
    const giveUp = (why: NoAnswer): void => {
      end();
      reject(why);
    };
    const given = (): void => giveUp(new NoAnswer('musterd ends'));
    const timer = setTimeout(() => giveUp(noAnswer(ms)), ms);
    signal?.addEventListener('abort', given);
    if (signal?.aborted === true) given();
    work.then(resolve, reject).finally(end);
  });
}
