/** Who is where while a plan is being made, and what the rules say to it. */
import { own } from '../../base/own.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import {
  type Amounts,
  type Failback,
  type GroupRule,
  noGroupPlacement,
  preferredWeight,
} from '../../model/placement.ts';
import type { GroupFacts, NodeFacts, PlacementFacts } from './facts.ts';

/** A node with what is on it. */
export interface Seat {
  readonly facts: NodeFacts;
  readonly capacity: ReadonlyMap<string, number>;
  readonly used: Map<string, number>;
  groups: number;
}

/** A group with all that its rules say, looked up once. */
export interface Piece {
  readonly facts: GroupFacts;
  readonly name: GroupName;
  readonly weights: ReadonlyMap<NodeName, number>;
  readonly never: ReadonlySet<NodeName>;
  readonly stickiness: number;
  readonly failback: Failback;
  readonly uses: ReadonlyMap<string, number>;
  readonly apart: Piece[];
  readonly strictlyApart: Piece[];
  readonly together: Piece[];
  /** It may only be where this one is; and it may only run where that one runs anywhere. */
  readonly strictlyWith: Piece[];
  readonly strictlyAfter: Piece[];
  at: Seat | undefined;
}

export interface Board {
  readonly seats: readonly Seat[];
  readonly pieces: readonly Piece[];
  /** Pieces that `together` ties to each other, directly or through others, in the order of their first. */
  readonly blocks: readonly (readonly Piece[])[];
  readonly minuteOfWeek: number | undefined;
}

/** Amounts are counted in thousandths: whole numbers add up to the same in any order. */
const amountScale = 1000;

function scaled(amounts: Amounts): Map<string, number> {
  return new Map(Object.entries(amounts).map(([what, amount]) => [what, Math.round(amount * amountScale)]));
}

/** The empty board of these facts: nobody is placed yet. */
export function layOut({ placement, autoFailback, nodes, groups, minuteOfWeek }: PlacementFacts): Board {
  const usual: Failback = placement.failback ?? { kind: autoFailback ? 'on' : 'off' };
  const seats = nodes.map(
    (facts): Seat => ({
      facts,
      capacity: scaled(own(placement.capacity, facts.name) ?? {}),
      used: new Map(),
      groups: 0,
    }),
  );
  const pieces = groups.map((facts): Piece => {
    const said = own(placement.groups, facts.name) ?? noGroupPlacement;
    return {
      facts,
      name: facts.name,
      weights: new Map(Object.entries({ [facts.preferred]: preferredWeight, ...said.prefer })),
      never: new Set(said.never),
      stickiness: said.stickiness ?? placement.stickiness,
      failback: said.failback ?? usual,
      uses: scaled(said.uses),
      apart: [],
      strictlyApart: [],
      together: [],
      strictlyWith: [],
      strictlyAfter: [],
      at: undefined,
    };
  });
  const byName = new Map(pieces.map((piece) => [piece.name, piece]));
  for (const rule of placement.rules) tie(rule, byName);
  return { seats, pieces, blocks: blocksOf(pieces), minuteOfWeek };
}

function tie(rule: GroupRule, byName: ReadonlyMap<GroupName, Piece>): void {
  const tied = rule.groups.flatMap((name) => byName.get(name) ?? []);
  for (const [index, piece] of tied.entries()) {
    const before = tied[index - 1];
    if (rule.kind === 'order') {
      if (rule.strict && before !== undefined) piece.strictlyAfter.push(before);
      continue;
    }
    const others = tied.filter((other) => other !== piece);
    if (rule.kind === 'apart') (rule.strict ? piece.strictlyApart : piece.apart).push(...others);
    else {
      piece.together.push(...others);
      if (rule.strict && before !== undefined) piece.strictlyWith.push(before);
    }
  }
}

function blocksOf(pieces: readonly Piece[]): Piece[][] {
  const block = new Map<Piece, Piece[]>();
  for (const piece of pieces) {
    if (block.has(piece)) continue;
    const members = new Set([piece]);
    for (const member of members) for (const other of member.together) members.add(other);
    const ordered = pieces.filter((other) => members.has(other));
    for (const member of ordered) block.set(member, ordered);
  }
  return [...new Set(block.values())];
}

/** Puts a piece on a seat, or (undefined) takes it off the board. */
export function put(piece: Piece, seat: Seat | undefined): void {
  for (const [from, sign] of [
    [piece.at, -1],
    [seat, 1],
  ] as const) {
    if (from === undefined) continue;
    from.groups += sign;
    for (const [what, amount] of piece.uses) from.used.set(what, (from.used.get(what) ?? 0) + sign * amount);
  }
  piece.at = seat;
}

/** The first amount of which there is not enough for these pieces beside those that are there; undefined: there is room. */
export function shortOf(
  pieces: readonly Piece[],
  seat: Seat,
): { what: string; uses: number; free: number } | undefined {
  for (const [what, capacity] of seat.capacity) {
    let uses = 0;
    let free = capacity - (seat.used.get(what) ?? 0);
    for (const piece of pieces) {
      const amount = piece.uses.get(what) ?? 0;
      uses += amount;
      if (piece.at === seat) free += amount;
    }
    if (uses > 0 && uses > free) return { what, uses: uses / amountScale, free: free / amountScale };
  }
  return undefined;
}
