/** Milliseconds of CLOCK_MONOTONIC, the same in every process of this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Calls `work` every `intervalMs`, on a grid that does not drift. A call that comes late is not made up for: a burst
 * after a pause would measure the pause's queue and not the service. Returns the function that stops it.
 */
export function everyInterval(intervalMs: number, work: () => void): () => void {
  const start = monotonicMs();
  let slot = 0;
  let timer: NodeJS.Timeout | undefined;
  const plan = (): void => {
    const elapsed = monotonicMs() - start;
    slot = Math.max(slot + 1, Math.ceil(elapsed / intervalMs));
    timer = setTimeout(run, Math.max(0, slot * intervalMs - elapsed));
  };
  const run = (): void => {
    work();
    plan();
  };
  plan();
  return () => clearTimeout(timer);
}
