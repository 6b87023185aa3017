import { showDuration } from '../base/duration.ts';
import type { Mistake, Position } from '../base/problem.ts';
import { gateMargin } from '../model/gate-margin.ts';
import type { NodeName } from '../model/names.ts';
import type { PlacedGroup } from './haresources.ts';

/** All groups of a node are renewed in one datagram, which counts them in one byte and carries 65,507 (wire/codec.ts). */
const mostGroups = 255;
const datagramRoom = 60_000;
const longestName = 255;
const mostAddresses = 255;

/**
 * A gate is open for less than its lease, and a renewal every keepalive has to keep it open. All in milliseconds; `at` is
 * where the lease is said.
 */
export function checkGateTime(lease: number, keepalive: number, driftBound: number, at: Position): Mistake[] {
  const margin = gateMargin(lease, driftBound);
  if (lease - margin > keepalive) return [];
  const message = `Cannot hold a lease of ${showDuration(lease)} as its gate must outlast a keepalive of ${showDuration(keepalive)}: ${showDuration(margin)} of it are the margin for clocks that drift`;
  const least = Math.ceil((keepalive + gateMargin(0, driftBound) + 1) / (1 - 2 * driftBound));
  return [{ at, message, hint: `a lease of ${showDuration(least)} would do, a longer keepalive and deadtime too` }];
}

/** What a datagram cannot carry: groups under the names that they have on the wire, with their places and addresses. */
export function checkGroupSizes(
  groups: readonly { readonly name: string; readonly at: PlacedGroup['at']; readonly addresses: readonly string[] }[],
  nodes: readonly NodeName[],
): Mistake[] {
  const longestNode = Math.max(0, ...nodes.map((name) => Buffer.byteLength(name)));
  let room = datagramRoom;
  for (const [index, { name, at, addresses }] of groups.entries()) {
    const bytes = Buffer.byteLength(name);
    if (bytes > longestName) {
      const message = `Cannot name a group as its name has at most ${longestName} bytes: "${name.slice(0, 40)}..." has ${bytes}`;
      return [{ at, message, hint: 'give it a short name under "groups" in muster.yml' }];
    }
    if (addresses.length > mostAddresses) {
      const message = `Cannot move ${addresses.length} addresses with "${name}" as one message holds at most ${mostAddresses} of a group: it has more`;
      return [{ at, message, hint: 'make two groups of it' }];
    }
    // Its name in the request and in the list of what is held, its round, the ballot that released it, and its addresses.
    room -= 2 * (bytes + 1) + 6 + 1 + 6 + 1 + longestNode + 16 + 1;
    for (const address of addresses) room -= 1 + address.length;
    if (index < mostGroups && room >= 0) continue;
    const seen = `this is number ${index + 1} of ${groups.length}`;
    const most =
      index >= mostGroups
        ? `at most ${mostGroups} groups`
        : 'no more groups of such long names, or of so many addresses';
    return [{ at, message: `Cannot add group "${name}" as one message holds ${most}: ${seen}` }];
  }
  return [];
}
