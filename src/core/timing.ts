/**
 * From the first prepare to the arming at most: a fifth of a lease. With a far arbiter, whose round trip is at most a fifth
 * of (lease - 500 ms), each phase still has its round trip and 100 ms more.
 */
export function attemptTime(lease: number): number {
  return lease / 5;
}

/**
 * How long a restarted voter stays silent, in leases: one, and a fifth for an attempt whose promise it may have forgotten;
 * its own clock may be too fast and the one that the attempt and the gate are measured with too slow.
 */
export function silence(driftBound: number): number {
  return 1.2 * (1 + 2 * driftBound);
}
