/** What speaks for and against pieces on a seat. */
import type { NodeName } from '../../model/names.ts';
import { type Piece, type Seat, shortOf } from './board.ts';

/** How good a seat is for pieces that go there together; compared in the order of its fields. */
export interface Worth {
  /** How many of them an operator sent there: more is better. */
  readonly pinned: number;
  /** Pairs that `together` or `apart` would not have so: fewer is better. */
  readonly broken: number;
  readonly reach: number;
  readonly weight: number;
}

/** Where everybody is if these pieces go to that seat. */
function seatOf(piece: Piece, movers: readonly Piece[], seat: Seat): Seat | undefined {
  return movers.includes(piece) ? seat : piece.at;
}

/** Why one of the pieces must not be on the seat if all of them go there, as the end of a sentence; undefined: it may. */
export function refusal(piece: Piece, seat: Seat, movers: readonly Piece[]): string | undefined {
  const here = refusalHere(piece, seat, movers);
  if (here !== undefined) return here;
  const first = piece.strictlyAfter.find((other) => seatOf(other, movers, seat) === undefined);
  return first === undefined ? undefined : `it runs only where ${first.name} runs at all, which is nowhere`;
}

/** The same without what has to run before it. */
function refusalHere(piece: Piece, seat: Seat, movers: readonly Piece[]): string | undefined {
  const { name, unable } = seat.facts;
  if (unable !== undefined) return unable;
  if (piece.never.has(name)) return 'never here, by its rules';
  const barred = piece.facts.barred.get(name);
  if (barred !== undefined) return barred;
  const rival = piece.strictlyApart.find((other) => seatOf(other, movers, seat) === seat);
  if (rival !== undefined) return `it must stay apart from ${rival.name}, which is there`;
  const partner = piece.strictlyWith.find((other) => seatOf(other, movers, seat) !== seat);
  if (partner !== undefined) return `it must be together with ${partner.name}, which is ${whereabouts(partner)}`;
  // Whoever depends on it and stays behind would have to stop.
  const dependent = dependents(piece).find((other) => other.at === piece.at && seatOf(other, movers, seat) !== seat);
  return dependent === undefined ? undefined : `${dependent.name} must be together with it, and stays`;
}

/** Those that may only be where this piece is. */
function dependents(piece: Piece): Piece[] {
  return piece.at === undefined ? [] : piece.together.filter((other) => other.strictlyWith.includes(piece));
}

const whereabouts = (piece: Piece): string => (piece.at === undefined ? 'nowhere' : `on ${piece.at.facts.name}`);

/** Whether all of these pieces may be on the seat, and find room there. */
export function fits(movers: readonly Piece[], seat: Seat): boolean {
  return movers.every((piece) => refusal(piece, seat, movers) === undefined) && shortOf(movers, seat) === undefined;
}

/** Whether a piece may stay where it is, as long as what has to run before it finds a place, too. */
export function mayStay(piece: Piece, seat: Seat): boolean {
  return refusalHere(piece, seat, [piece]) === undefined && shortOf([piece], seat) === undefined;
}

/** What a seat weighs for a piece, without what rules say. */
export function weightOf(piece: Piece, node: NodeName): number {
  return (piece.weights.get(node) ?? 0) + (piece.facts.on === node ? piece.stickiness : 0);
}

/** The worth of these pieces at what `where` says; pairs among themselves count once. */
function worth(movers: readonly Piece[], where: (piece: Piece) => Seat | undefined): Worth {
  let [pinned, broken, weight] = [0, 0, 0];
  let reach = Number.POSITIVE_INFINITY;
  for (const piece of movers) {
    const here = where(piece);
    if (here === undefined) continue;
    reach = Math.min(reach, here.facts.reach);
    weight += weightOf(piece, here.facts.name);
    if (piece.facts.pinned === here.facts.name) pinned++;
    if (piece.apart.length === 0 && piece.together.length === 0) continue;
    const share = (other: Piece): number => (movers.includes(other) ? 0.5 : 1);
    for (const other of piece.apart) if (where(other) === here) broken += share(other);
    for (const other of piece.together) {
      const there = where(other);
      if (there !== undefined && there !== here) broken += share(other);
    }
  }
  return { pinned, broken, reach, weight };
}

/** The worth of where these pieces are now, and of this seat for all of them. */
export const worthNow = (movers: readonly Piece[]): Worth => worth(movers, (piece) => piece.at);
export const worthAt = (movers: readonly Piece[], seat: Seat): Worth =>
  worth(movers, (piece) => seatOf(piece, movers, seat));

/** Below 0 where the left one is better. */
export function compareWorth(left: Worth, right: Worth): number {
  return (
    right.pinned - left.pinned || left.broken - right.broken || right.reach - left.reach || right.weight - left.weight
  );
}
