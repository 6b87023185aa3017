import type { Ballot } from './message.ts';

/** Negative where `left` is older than `right`, positive where it is newer, 0 where they are the same ballot. */
export function compareBallots(left: Ballot, right: Ballot): number {
  if (left.round !== right.round) return left.round - right.round;
  if (left.node !== right.node) return left.node < right.node ? -1 : 1;
  if (left.incarnation !== right.incarnation) return left.incarnation < right.incarnation ? -1 : 1;
  return 0;
}

/** The newer of two ballots, either of which may not be known. */
export function newerBallot(left: Ballot | undefined, right: Ballot): Ballot {
  return left === undefined || compareBallots(left, right) < 0 ? right : left;
}
