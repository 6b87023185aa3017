import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is true; false once `timeoutMs` is over. Kernel files of cgroups tell no changes to Node,
 * and the waits are short, so asking again is the simplest that works.
 */
export async function waitUntil(
  ask: () => boolean | Promise<boolean>,
  { timeoutMs, everyMs, signal }: { timeoutMs: number; everyMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await ask()) return true;
    if (performance.now() >= end) return false;
    await sleep(everyMs, undefined, { signal });
  }
}

/** As `Promise.all`, but waits for all to end before it throws: a clean-up may then rely on nothing still being made. */
export async function allEnded<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(works);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
