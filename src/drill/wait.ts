/** Waiting that an operator can interrupt. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Views } from './cluster-health.ts';

export interface Settling {
  readonly ask: () => Promise<Views>;
  /** What is still wrong; empty once all is well. */
  readonly complaints: (views: Views) => readonly string[];
  readonly everyMs: number;
  /** Readings in a row without complaint that count as lasting. */
  readonly stable: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks until nothing was wrong `stable` times in a row. Returns the last complaints (empty: it settled) and views. */
export async function settle(settling: Settling): Promise<{ complaints: readonly string[]; views: Views }> {
  const deadline = performance.now() + settling.timeoutMs;
  let calm = 0;
  for (;;) {
    settling.signal.throwIfAborted();
    const views = await settling.ask();
    const complaints = settling.complaints(views);
    calm = complaints.length === 0 ? calm + 1 : 0;
    if (calm >= settling.stable || performance.now() > deadline) return { complaints, views };
    await sleep(settling.everyMs, undefined, { signal: settling.signal });
  }
}
