/** What share of its random draws each test makes: all in `npm test`, fewer in `npm run ok`, which is run far more often. */
const share = Number(process.env.MUSTER_DRAWS ?? 1);

/** How many of so many draws are made: one at least. */
export function draws(all: number): number {
  return Math.max(1, Math.round(all * share));
}

/** Of a list that was drawn, as many as `draws` says, evenly spread over it. */
export function drawnOf<T>(list: readonly T[]): T[] {
  const count = Math.min(draws(list.length), list.length);
  return Array.from({ length: count }, (_, index) => list[Math.floor((index * list.length) / count)]!);
}
