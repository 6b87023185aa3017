import type { Random } from '../../base/random.ts';
import { runCheck } from './check.ts';
import type { Checker, CheckResult, CheckTarget } from './checker.ts';

/** The repeated check of one real server. */
export interface Rounds {
  /** The next check comes now; one that is under way, and may wait for a machine that was gone, no longer counts. */
  hasten(): void;
  /** One more check beside the others, with a timeout (ms) of its own; its result goes to the caller alone. */
  once(timeout: number): Promise<CheckResult>;
  /** Ends a check that is under way; no result is reported after this. */
  stop(): void;
}

/**
 * Checks at once, and then every `check.interval` give or take a tenth, so that the checks of many servers do not align.
 * Every server has rounds of its own: one that hangs delays no other. Its results are reported one after the other.
 */
export function startRounds(
  checker: Checker,
  target: CheckTarget,
  random: Random,
  report: (result: CheckResult) => void,
): Rounds {
  const { interval, timeout } = target.service.check;
  const asides = new Set<AbortController>();
  /** The check that counts; one that was ended before its answer came is not this one any more. */
  let current: AbortController | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    const own = new AbortController();
    current = own;
    const started = performance.now();
    const result = await runCheck(checker, target, timeout, own);
    if (current !== own) return;
    const wait = interval * (0.9 + 0.2 * random.next()) - (performance.now() - started);
    timer = setTimeout(round, Math.max(wait, interval / 10, 1));
    report(result);
  };
  const end = (): void => {
    clearTimeout(timer);
    const ended = current;
    current = undefined;
    ended?.abort();
  };
  void round();
  return {
    hasten: () => {
      if (stopped) return;
      end();
      void round();
    },
    once: async (limit) => {
      const own = new AbortController();
      asides.add(own);
      try {
        return await runCheck(checker, target, limit, own);
      } finally {
        asides.delete(own);
      }
    },
    stop: () => {
      stopped = true;
      end();
      for (const aside of asides) aside.abort();
    },
  };
}
