/**
 * Which node each group should run on. Three steps: whatever runs where it may run stays (also what may only start after a
 * group that is without a place, as that one is about to have one); then those without a place get
 * the best one that is left, a block (what `together` ties) as a whole where it finds room; then groups may leave a good
 * node for a better one, one block at a time, as long as each move makes the whole better: an operator's wish first, then
 * fewer broken rules, then more weight than it is sticky. Every move counts up the same sum, so this ends, and a second
 * plan made from the first moves nothing. What only lost its node is placed before anybody else is moved, so that one
 * node's loss moves what ran there, and only rules that it broke move more.
 */
import type { GroupName, NodeName } from '../../model/names.ts';
import { type Board, layOut, type Piece, put, type Seat } from './board.ts';
import type { PlacementFacts } from './facts.ts';
import { staysFor } from './failback.ts';
import { compareWorth, fits, mayStay, type Worth, worthAt, worthNow } from './judge.ts';
import { type Move, untangle } from './untangle.ts';

/** Why a group leaves the node that it is on, or begins to run. */
export type MoveReason = 'start' | 'takeover' | 'pinned' | 'repair' | 'failback';

export interface PlannedGroup {
  readonly group: GroupName;
  readonly from: NodeName | undefined;
  /** undefined: no node may have it. */
  readonly to: NodeName | undefined;
  /** undefined: it stays where it is. */
  readonly reason: MoveReason | undefined;
}

export interface Plan {
  /** In the order of haresources. */
  readonly groups: readonly PlannedGroup[];
  /** Everybody where the plan has them, for explanations. */
  readonly board: Board;
}

/** A plan for these facts; the same facts, the same plan. */
export function makePlan(facts: PlacementFacts): Plan {
  const board = layOut(facts);
  keep(board);
  placeAll(board);
  // What is taken off may make room for what it waits for.
  for (let round = 0; round < board.pieces.length && drop(board); round++) place(board.blocks, board);
  const reasons = new Map<Piece, MoveReason>();
  // A move may make room for somebody who had none.
  const moves = (): boolean => improve(board, reasons) || repairTogether(board, reasons);
  for (let round = 0; round < board.pieces.length && moves(); round++) place(board.blocks, board);
  const groups = board.pieces.map((piece): PlannedGroup => {
    const { name, facts: own } = piece;
    const to = piece.at?.facts.name;
    const reason = to === own.on ? undefined : (reasons.get(piece) ?? (own.on === undefined ? 'start' : 'takeover'));
    return { group: name, from: own.on, to, reason };
  });
  return { groups, board };
}

/** Whatever runs where it may run stays there, the first of haresources first where there is no room for all. */
function keep({ pieces, seats }: Board): void {
  for (const piece of pieces) {
    const seat = seats.find(({ facts }) => facts.name === piece.facts.on);
    if (seat === undefined || seat.facts.unable !== undefined || piece.never.has(seat.facts.name)) continue;
    if (!piece.facts.barred.has(seat.facts.name)) put(piece, seat);
  }
  // All are seated before strict rules are asked, as these look at others.
  takeOff([...pieces].reverse(), mayStay);
}

/** Takes off the board whose strict predecessor has found no place; true where there was one. */
function drop({ pieces }: Board): boolean {
  return takeOff(pieces, (piece, seat) => fits([piece], seat));
}

/** In this order, over and over, whoever may not be where it is loses its place: who goes may take others along. True where one did. */
function takeOff(pieces: readonly Piece[], mayBe: (piece: Piece, seat: Seat) => boolean): boolean {
  let taken = false;
  for (let changed = true; changed; taken ||= changed) {
    changed = false;
    for (const piece of pieces) {
      if (piece.at === undefined || mayBe(piece, piece.at)) continue;
      put(piece, undefined);
      changed = true;
    }
  }
  return taken;
}

/** Places everybody who is nowhere: in the order of haresources, or the largest first where more of them find room so. */
function placeAll(board: Board): void {
  const homeless = board.pieces.filter(({ at }) => at === undefined);
  place(board.blocks, board);
  const left = (): number => homeless.filter(({ at }) => at === undefined).length;
  const inOrder = left();
  if (inOrder === 0 || homeless.every(({ uses }) => uses.size === 0)) return;
  const again = (blocks: Board['blocks']): void => {
    for (const piece of homeless) put(piece, undefined);
    place(blocks, board);
  };
  const sizes = new Map(board.blocks.map((block) => [block, sizeOf(block, board)]));
  again([...board.blocks].sort((one, other) => sizes.get(other)! - sizes.get(one)!));
  if (left() >= inOrder) again(board.blocks);
}

/** The largest share of all that there is of anything. */
function sizeOf(block: readonly Piece[], { seats }: Board): number {
  const names = new Set(block.flatMap(({ uses }) => [...uses.keys()]));
  const shares = [...names].map((what) => {
    const all = seats.reduce((sum, { capacity }) => sum + (capacity.get(what) ?? 0), 0);
    return all === 0 ? 0 : block.reduce((sum, { uses }) => sum + (uses.get(what) ?? 0), 0) / all;
  });
  return Math.max(0, ...shares);
}

function place(blocks: Board['blocks'], board: Board): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      const missing = block.filter(({ at }) => at === undefined);
      if (missing.length === 0) continue;
      const common = seatFor(missing, board);
      for (const piece of missing) {
        const seat = common ?? seatFor([piece], board);
        if (seat === undefined) continue;
        put(piece, seat);
        changed = true;
      }
    }
  }
}

/** The best seat for pieces that are nowhere: by its worth, then the one with the fewest groups, then the first of ha.cf. */
function seatFor(pieces: readonly Piece[], { seats }: Board): Seat | undefined {
  return best(
    seats.filter((seat) => fits(pieces, seat)),
    pieces,
  );
}

/** Of seats that are worth the same the one to which the fewest have to move, then the one with the fewest other groups. */
function best(seats: readonly Seat[], movers: readonly Piece[]): Seat | undefined {
  let found: { readonly seat: Seat; readonly worth: Worth; readonly stay: number; readonly others: number } | undefined;
  for (const seat of seats) {
    const worth = worthAt(movers, seat);
    let stay = 0;
    for (const { at } of movers) if (at === seat) stay++;
    const others = seat.groups - stay;
    if (found === undefined || (compareWorth(worth, found.worth) || found.stay - stay || others - found.others) < 0)
      found = { seat, worth, stay, others };
  }
  return found?.seat;
}

/** One round of moves to better nodes; true where anything moved. */
function improve(board: Board, reasons: Map<Piece, MoveReason>): boolean {
  let moved = false;
  for (const block of board.blocks) {
    const placed = block.filter(({ at }) => at !== undefined);
    if (placed.length === 0) continue;
    if (moveToBetter(placed, board, reasons)) moved = true;
    else if (placed.some(({ at }) => at !== placed[0]!.at))
      for (const piece of placed) moved = moveToBetter([piece], board, reasons) || moved;
  }
  return moved;
}

function moveToBetter(movers: readonly Piece[], board: Board, reasons: Map<Piece, MoveReason>): boolean {
  const why = new Map<Seat, MoveReason>();
  const now = worthNow(movers);
  for (const seat of board.seats) {
    const reason = movers.every(({ at }) => at === seat) ? undefined : reasonToMove(movers, now, seat, board);
    if (reason !== undefined) why.set(seat, reason);
  }
  const seat = best([...why.keys()], movers);
  if (seat === undefined) return false;
  move({ movers, seat }, why.get(seat)!, reasons);
  return true;
}

function move({ movers, seat }: Move, why: MoveReason, reasons: Map<Piece, MoveReason>): void {
  for (const piece of movers) {
    if (piece.at !== seat && piece.facts.on === piece.at?.facts.name) reasons.set(piece, why);
    put(piece, seat);
  }
}

/** Repairs rules by moves that help only together; true where anything moved. */
function repairTogether(board: Board, reasons: Map<Piece, MoveReason>): boolean {
  const moves = untangle(board) ?? [];
  for (const one of moves) move(one, 'repair', reasons);
  return moves.length > 0;
}

function reasonToMove(movers: readonly Piece[], now: Worth, seat: Seat, board: Board): MoveReason | undefined {
  const then = worthAt(movers, seat);
  if (then.pinned < now.pinned) return undefined;
  if (then.pinned === now.pinned) {
    if (then.reach < now.reach || then.broken > now.broken) return undefined;
    if (then.broken === now.broken && then.weight <= now.weight) return undefined;
  }
  if (!fits(movers, seat)) return undefined;
  if (then.pinned > now.pinned) return 'pinned';
  if (then.broken < now.broken) return 'repair';
  const settled = movers.filter(({ at, facts }) => at !== seat && at?.facts.name === facts.on);
  const stays = settled.some((piece) => staysFor(piece, seat, board.minuteOfWeek) !== undefined);
  return stays ? undefined : 'failback';
}
