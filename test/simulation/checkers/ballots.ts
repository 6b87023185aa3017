import type { Ballot } from '../../../src/core/message.ts';

/** The order of ballots, kept apart from the core's own, which may be what is broken. */
export function isOlder(left: Ballot, right: Ballot): boolean {
  const place = ({ round, node, incarnation }: Ballot): string =>
    `${String(round).padStart(12, '0')} ${node} ${incarnation}`;
  return place(left) < place(right);
}
