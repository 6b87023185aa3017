/** One tick of the slowest kernel clock in use (HZ=100), in milliseconds: set timeouts are counted in these. */
const kernelTick = 10;

/**
 * What is taken off a lease for the gate, so that it shuts before the voters' count is over whatever the clocks do; both
 * in milliseconds.
 */
export function gateMargin(lease: number, driftBound: number): number {
  return 2 * driftBound * lease + kernelTick;
}
