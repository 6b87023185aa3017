/** Durations as people write them, and the number of milliseconds that they mean. */

const unitMs: Record<string, number> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds of `10ms`, `2s`, `1.5h`, or of a bare number in `bareUnit` (heartbeat counts bare numbers in seconds).
 * Undefined where the text is no duration.
 */
export function parseDuration(text: string, bareUnit: 's' | 'ms' = 's'): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = match[2] === '' ? bareUnit : match[2]!.toLowerCase();
  const factor = unitMs[unit];
  return factor === undefined ? undefined : Number(match[1]) * factor;
}

/** `250 ms`, `1.5 s`, `3 min`: the shortest form that loses nothing that a person would miss. */
export function showDuration(ms: number): string {
  if (ms < 1000) return `${Number(ms.toFixed(ms < 10 ? 1 : 0))} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  if (ms < 7_200_000) return `${Number((ms / 60_000).toFixed(1))} min`;
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}

/** The form that the configuration files take: `200ms` or `2s`, read back by `parseDuration` to the same number. */
export function writeDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
