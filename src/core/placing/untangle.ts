/**
 * Rules that no single move repairs: `a` stays apart from `b` only on the node where `c` is, which has another one to go to.
 * So a few moves are looked for that help only together, each making room for the one before it (an ejection chain, as of
 * Glover: New ejection chain and alternating path methods for traveling salesman problems, 1992). Nodes carry them out
 * one by one, in whatever order, and plan anew in between: so whichever of them are done, no strict rule is broken and no
 * more of the others than before; then the moves that are left are still the way on, and nothing goes back.
 */
import { type Board, type Piece, put, type Seat } from './board.ts';
import { fits, type Worth, worthAt, worthNow } from './judge.ts';

/** Pieces that go to one seat. */
export interface Move {
  readonly movers: readonly Piece[];
  readonly seat: Seat;
}

interface Chain {
  readonly moves: readonly Move[];
  /** How many more pairs break a rule than before: below 0. */
  readonly broken: number;
  readonly weight: number;
}

const longest = 3;
/** So many moves are tried for a plan at most: a count, not a time, so that every node finds the same. */
const patience = 500;

/** The fewest moves (two or three) after which fewer rules are broken; undefined: there are none, or none was found. */
export function untangle(board: Board): readonly Move[] | undefined {
  let tries = patience;
  let found: Chain | undefined;
  const moves: Move[] = [];
  const moved = new Set<Piece>();
  const search = (units: Iterable<readonly Piece[]>, length: number, broken: number, weight: number): void => {
    for (const movers of units) {
      const now = worthNow(movers);
      for (const seat of board.seats) {
        if (movers.every(({ at }) => at === seat)) continue;
        if (--tries < 0) return;
        const gain = gainOf({ movers, seat }, now);
        if (gain === undefined) continue;
        const [nowBroken, nowWeight] = [broken + gain.broken, weight + gain.weight];
        const last = moves.length + 1 === length;
        if (last ? !isBetter(nowBroken, nowWeight, found) : nowBroken > 0) continue;
        const undo = play({ movers, seat });
        moves.push({ movers, seat });
        for (const piece of movers) moved.add(piece);
        if (!last) search(unitsOf(inTheWay(moved), board, moved), length, nowBroken, nowWeight);
        undo();
        if (last && holdsInAnyOrder(moves)) found = { moves: [...moves], broken: nowBroken, weight: nowWeight };
        moves.pop();
        for (const piece of movers) moved.delete(piece);
      }
    }
  };
  const troubled = board.pieces.filter((piece) => piece.at !== undefined && worthNow([piece]).broken > 0);
  for (let length = 2; length <= longest && found === undefined && tries > 0; length++)
    search(unitsOf(troubled, board, moved), length, 0, 0);
  return (found as Chain | undefined)?.moves;
}

const isBetter = (broken: number, weight: number, than: Chain | undefined): boolean =>
  than === undefined ? broken < 0 : (broken - than.broken || than.weight - weight) < 0;

/** What a move makes of the board as it is; undefined: it may not be made. */
function gainOf({ movers, seat }: Move, now: Worth): { readonly broken: number; readonly weight: number } | undefined {
  const then = worthAt(movers, seat);
  if (then.pinned < now.pinned || then.reach < now.reach || !fits(movers, seat)) return undefined;
  return { broken: then.broken - now.broken, weight: then.weight - now.weight };
}

/** Makes a move; to be called to take it back. */
function play({ movers, seat }: Move): () => void {
  const from = movers.map(({ at }) => at);
  for (const piece of movers) put(piece, seat);
  return () => {
    for (const [index, piece] of movers.entries()) put(piece, from[index]);
  };
}

/** Those that rules do not want where they are as these are where they are now. */
function inTheWay(moved: ReadonlySet<Piece>): Set<Piece> {
  const found = new Set<Piece>();
  for (const piece of moved) {
    for (const other of piece.apart) if (other.at === piece.at) found.add(other);
    for (const other of piece.together) if (other.at !== undefined && other.at !== piece.at) found.add(other);
  }
  return found;
}

/** What may move at once: a piece alone, or its block as a whole; nothing that has moved already. */
function* unitsOf(
  pieces: Iterable<Piece>,
  { blocks }: Board,
  moved: ReadonlySet<Piece>,
): Generator<readonly Piece[], void> {
  const seen = new Set<readonly Piece[]>();
  for (const piece of pieces) {
    if (moved.has(piece)) continue;
    yield [piece];
    const block = blocks.find((one) => one.includes(piece));
    if (block === undefined || block.length === 1 || seen.has(block)) continue;
    seen.add(block);
    const placed = block.filter(({ at }) => at !== undefined);
    if (placed.length > 1 && !placed.some((one) => moved.has(one))) yield placed;
  }
}

/** Whether no part of these moves alone breaks a strict rule, or more of the others than are broken now. */
function holdsInAnyOrder(moves: readonly Move[]): boolean {
  for (let part = 1; part < 2 ** moves.length - 1; part++) {
    const undo: (() => void)[] = [];
    let broken = 0;
    for (const [index, move] of moves.entries()) {
      if (((part >> index) & 1) === 0) continue;
      broken += worthAt(move.movers, move.seat).broken - worthNow(move.movers).broken;
      undo.unshift(play(move));
    }
    const lawful = moves.every(({ movers }) => movers.every((piece) => fits([piece], piece.at!)));
    for (const one of undo) one();
    if (!lawful || broken > 0) return false;
  }
  return true;
}
