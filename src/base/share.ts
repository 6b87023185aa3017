/** A count of things or a share of all of them, as `--serial` and `--max-fail` take it. */
export type Share = { readonly count: number } | { readonly percent: number };

/** `5` or `20%`; undefined for what is neither. */
export function parseShare(text: string): Share | undefined {
  const match = /^(\d{1,9})(%?)$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (match[2] === '') return { count: value };
  return value <= 100 ? { percent: value } : undefined;
}

/** How many of `all` it is, rounded down. */
export function shareOf(share: Share, all: number): number {
  return 'count' in share ? share.count : Math.floor((share.percent * all) / 100);
}
