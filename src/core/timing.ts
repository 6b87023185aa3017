/**
 * From the first prepare to the arming at most: a fifth of a lease. With a far arbiter, whose round trip is at most a fifth
 * of (lease - 500 ms), each phase still has its round trip and 100 ms more.
 */
export function attemptTime(lease: number): number {
  return lease / 5;
}
