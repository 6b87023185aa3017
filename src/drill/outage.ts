/** Outages out of numbered probes. Pure. */

export interface Sample {
  readonly atMs: number;
  readonly ok: boolean;
}

export interface Outage {
  /** The last success before, or the start of the window. */
  readonly fromMs: number;
  /** The first success after, or the end of the window. */
  readonly toMs: number;
  /** Time between these two less one interval: an undisturbed service leaves zero. At least zero. */
  readonly lengthMs: number;
  /** How much shorter or longer it may have been in truth: the two steps of sampling at its ends. */
  readonly uncertaintyMs: number;
  readonly failures: number;
  /** True where no success followed. */
  readonly open: boolean;
}

/**
 * Every stretch of failed probes between two successes, in order. A pause of the probe itself is no outage: only a
 * probe that was sent and failed makes one. Samples must be sorted by time.
 */
export function outagesOf(
  samples: readonly Sample[],
  intervalMs: number,
  window: { fromMs: number; toMs: number },
): readonly Outage[] {
  const outages: Outage[] = [];
  let lastOk = window.fromMs;
  let firstFailed: number | undefined;
  let lastFailed = 0;
  let failures = 0;
  const end = (toMs: number, open: boolean): void => {
    if (firstFailed === undefined) return;
    const lengthMs = Math.max(0, toMs - lastOk - intervalMs);
    const uncertaintyMs = Math.max(intervalMs, toMs - lastOk - (lastFailed - firstFailed)) / 2;
    outages.push({ fromMs: lastOk, toMs, lengthMs, uncertaintyMs, failures, open });
    firstFailed = undefined;
    failures = 0;
  };
  for (const { atMs, ok } of samples) {
    if (atMs < window.fromMs || atMs > window.toMs) continue;
    if (ok) {
      end(atMs, false);
      lastOk = atMs;
    } else {
      firstFailed ??= atMs;
      lastFailed = atMs;
      failures += 1;
    }
  }
  end(window.toMs, true);
  return outages;
}

/** The longest one, or undefined where there is none. */
export function longest(outages: readonly Outage[]): Outage | undefined {
  return outages.reduce<Outage | undefined>(
    (worst, outage) => (worst === undefined || outage.lengthMs > worst.lengthMs ? outage : worst),
    undefined,
  );
}
