/** What a node's status says of its arbiters, for people. Pure. */
import { showDuration } from '../base/duration.ts';
import type { ArbiterStatus, ServiceBound } from './status.ts';

const day = 86_400_000;

/** One line an arbiter; `now` is Unix milliseconds. */
export function showArbiter(arbiter: ArbiterStatus, now: number): string {
  const { name, address, port, connections, roundTripMs, lastHeardMs, problem, certificateExpires } = arbiter;
  const far = roundTripMs === null ? '' : `, ${roundTripMs} ms away`;
  const heard = lastHeardMs === null ? 'never heard' : `heard ${showDuration(lastHeardMs)} ago`;
  const state =
    problem === null ? `connected (${connections} of 2)${far}, ${heard}` : `NOT connected: ${problem}; ${heard}`;
  const certificate = certificateExpires === null ? 'no certificate here' : expiry(certificateExpires - now);
  return `  * Arbiter ${name} (${address.includes(':') ? `[${address}]` : address}:${port}): ${state}; ${certificate}`;
}

function expiry(left: number): string {
  return left < 0 ? 'the certificate here has EXPIRED' : `certificate good for ${Math.floor(left / day)} days`;
}

/** How long users may be without service when the node that serves them dies, and what that is made of. */
export function showBound({ totalMs, leaseMs, attemptMs, leastLeaseMs }: ServiceBound): string {
  const parts = `lease ${showDuration(leaseMs)}, then at most three attempts of ${showDuration(attemptMs)}`;
  const text = `  * Without service when a node dies: at most ${showDuration(totalMs)} (${parts})`;
  if (leastLeaseMs === 0) return text;
  const needed = `the arbiter's round trip needs a lease of ${showDuration(leastLeaseMs)}`;
  return leaseMs < leastLeaseMs ? `${text}; lease TOO SHORT: ${needed}` : text;
}
