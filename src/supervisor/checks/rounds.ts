import type { Random } from '../../base/random.ts';
import { type Checker, type CheckResult, type CheckTarget, runCheck } from './check.ts';

/** The repeated check of one real server. */
export interface Rounds {
  /** The next check comes now instead of in its turn. */
  hasten(): void;
  /** One more check beside the others, with a timeout (ms) of its own; its result goes to the caller alone. */
  once(timeout: number): Promise<CheckResult>;
  /** Ends a check that is under way; no result is reported after this. */
  stop(): void;
}

/**
 * Checks at once, and then every `check.interval` give or take a tenth, so that the checks of many servers do not align.
 * Every server has rounds of its own: one that hangs delays no other, and is never checked twice at a time.
 */
export function startRounds(
  checker: Checker,
  target: CheckTarget,
  random: Random,
  report: (result: CheckResult) => void,
): Rounds {
  const { interval, timeout } = target.service.check;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  const ended = new AbortController();
  const round = async (): Promise<void> => {
    if (running || ended.signal.aborted) return;
    clearTimeout(timer);
    running = true;
    const started = performance.now();
    const result = await runCheck(checker, target, timeout, ended.signal);
    running = false;
    if (ended.signal.aborted) return;
    const wait = interval * (0.9 + 0.2 * random.next()) - (performance.now() - started);
    timer = setTimeout(round, Math.max(wait, interval / 10, 1));
    report(result);
  };
  void round();
  return {
    hasten: () => void round(),
    once: (limit) => runCheck(checker, target, limit, ended.signal),
    stop: () => {
      ended.abort();
      clearTimeout(timer);
    },
  };
}
