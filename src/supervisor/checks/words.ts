/** What went wrong with a connection, in the words that a person knows it by. */
const words: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'timed out',
  EPIPE: 'connection closed',
  ENOENT: 'no such program',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
};

export function inWords(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return words[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

/** `2 ms` since `start` of the monotonic clock, in whole milliseconds. */
export function since(start: number): string {
  return `${Math.max(0, Math.round(performance.now() - start))} ms`;
}
