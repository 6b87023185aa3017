import { setMaxListeners } from 'node:events';
import { foldHosts } from '../../base/host-range.ts';
import { exitCodes } from '../../base/problem.ts';

/** Ctrl-C once: says who is left and aborts the signal, so that their programs die; twice: leaves. */
export async function withInterrupt<T>(missing: () => readonly string[], work: (signal: AbortSignal) => Promise<T>) {
  const controller = new AbortController();
  // Every host waits for it, and that is no leak.
  setMaxListeners(0, controller.signal);
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    const left = missing();
    const where = left.length === 0 ? '' : `; ending what runs on ${foldHosts(left)} (once more leaves at once)`;
    process.stderr.write(`interrupted${where}\n`);
    controller.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
