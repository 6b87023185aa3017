/** A plan in words: each node's score for a group, and what it is made of. */
import type { GroupName, NodeName } from '../../model/names.ts';
import { type Piece, type Seat, shortOf } from './board.ts';
import { staysFor } from './failback.ts';
import { compareWorth, fits, refusal, type Worth, worthAt } from './judge.ts';
import type { Plan } from './plan.ts';

/** What a node is worth to one group while all other groups are where the plan has them. */
export interface NodeScore {
  readonly node: NodeName;
  /** Its place among the nodes that may have the group, 1 is the best; null where it may not. */
  readonly place: number | null;
  /** The sum of its weights; null where the node may not have the group. */
  readonly score: number | null;
  /** What the score is made of, what outranks it, or why the node may not: "100 preferred, 50 stays". */
  readonly why: string;
}

interface Judged {
  readonly seat: Seat;
  readonly worth: Worth;
}

/** The nodes that may have a group while all others are where the plan has them: the planned one first, then by worth. */
function ranked({ board }: Plan, piece: Piece): Judged[] {
  const able = board.seats
    .filter((seat) => fits([piece], seat))
    .map((seat): Judged => ({ seat, worth: worthAt([piece], seat) }));
  const here = ({ seat }: Judged): number => (piece.at === seat ? 0 : 1);
  return able.sort(
    (left, right) =>
      here(left) - here(right) || compareWorth(left.worth, right.worth) || left.seat.groups - right.seat.groups,
  );
}

function pieceOf({ board }: Plan, group: GroupName): Piece {
  const piece = board.pieces.find(({ name }) => name === group);
  if (piece === undefined) throw new RangeError(`no group ${group} in the plan`);
  return piece;
}

/** The nodes that may have a group, the planned one first, then by what they are worth to it. */
export function rankNodes(plan: Plan, group: GroupName): NodeName[] {
  return ranked(plan, pieceOf(plan, group)).map(({ seat }) => seat.facts.name);
}

/** The same with the score of each, and at the end the nodes that may not have it, in the order of ha.cf. */
export function explainPlan(plan: Plan, group: GroupName): NodeScore[] {
  const piece = pieceOf(plan, group);
  const able = ranked(plan, piece).map(
    ({ seat, worth }, index): NodeScore => ({
      node: seat.facts.name,
      place: index + 1,
      score: worth.weight,
      why: parts(piece, seat, worth, plan).join(', '),
    }),
  );
  const others = plan.board.seats.flatMap((seat): NodeScore[] => {
    const why = whyNot(piece, seat);
    return why === undefined ? [] : [{ node: seat.facts.name, place: null, score: null, why }];
  });
  return [...able, ...others];
}

function whyNot(piece: Piece, seat: Seat): string | undefined {
  const why = refusal(piece, seat, [piece]);
  if (why !== undefined) return why;
  const short = shortOf([piece], seat);
  return short === undefined ? undefined : `no room: it uses ${short.uses} ${short.what}, and ${short.free} are free`;
}

function parts(piece: Piece, seat: Seat, worth: Worth, { board }: Plan): string[] {
  const { name, reach } = seat.facts;
  const weight = piece.weights.get(name) ?? 0;
  const said = [
    ...(worth.pinned > 0 ? ['an operator moved it here'] : []),
    ...brokenRules(piece, seat),
    ...(Math.max(...board.seats.map(({ facts }) => facts.reach)) > reach ? [`reaches only ${reach} ping nodes`] : []),
    ...(weight === 0 ? [] : [`${weight} preferred`]),
    ...(piece.facts.on === name && piece.stickiness > 0 ? [`${piece.stickiness} as it runs there`] : []),
  ];
  const now = piece.at === undefined || piece.at === seat ? undefined : worthAt([piece], piece.at);
  const better = now !== undefined && worth.broken === now.broken && worth.weight > now.weight;
  const settled = piece.at?.facts.name === piece.facts.on;
  const waits = better && settled ? staysFor(piece, seat, board.minuteOfWeek) : undefined;
  if (waits !== undefined) said.push(`better, but ${waits}`);
  return said.length === 0 ? ['nothing speaks for or against it'] : said;
}

function brokenRules(piece: Piece, seat: Seat): string[] {
  const beside = piece.apart.filter((other) => other.at === seat).map(({ name }) => name);
  const away = piece.together.filter(({ at }) => at !== undefined && at !== seat).map(({ name }) => name);
  return [
    ...(beside.length === 0 ? [] : [`not apart from ${beside.join(', ')}`]),
    ...(away.length === 0 ? [] : [`not together with ${away.join(', ')}`]),
  ];
}
