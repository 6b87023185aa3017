/** Panes that show the same become one: which, and where one differs from the others. Pure. */
import type { Grid } from './grid.ts';

/** What a host's terminal shows. */
export interface Image {
  readonly host: string;
  readonly grid: Grid;
  /** Undefined: hidden. */
  readonly cursor: { readonly x: number; readonly y: number } | undefined;
}

/** Hosts whose screens are the same but for their own names. */
export interface PaneGroup {
  readonly hosts: readonly string[];
  /** Whose screen stands for all. */
  readonly shown: string;
}

/** One cell of a screen in which the host's own name was taken for one mark. */
interface Cell {
  readonly key: string;
  /** Where it stands on the real screen. */
  readonly x: number;
}

const ownNameKey = 'own name';

/** The name of a host as it calls itself: up to the first dot. Addresses have no short form. */
function shortName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? host : host.split('.')[0]!;
}

function cellKey(grid: Grid, at: number): string {
  const text = grid.text[at]!;
  const [fg, bg, attrs] = [grid.fg[at]!, grid.bg[at]!, grid.attrs[at]!];
  // The colour of nothing does not show.
  return `${text}\0${text === ' ' && attrs === 0 ? 0 : fg}\0${bg}\0${attrs}`;
}

function isWord(text: string | undefined): boolean {
  return text !== undefined && /^\w/.test(text);
}

/** The cells of a row without blanks at its end, the own name as one of them. */
function cellsOf(grid: Grid, y: number, name: string): Cell[] {
  const start = y * grid.width;
  const texts = grid.text.slice(start, start + grid.width);
  const nameHere = (x: number): boolean =>
    name !== '' &&
    texts[x] === name[0] &&
    texts.slice(x, x + name.length).join('') === name &&
    !isWord(texts[x - 1]) &&
    !isWord(texts[x + name.length]);
  const cells: Cell[] = [];
  for (let x = 0; x < grid.width; x++) {
    if (nameHere(x)) {
      // In its colours, which may say something.
      cells.push({ key: ownNameKey + cellKey(grid, start + x).slice(1), x });
      x += name.length - 1;
    } else cells.push({ key: cellKey(grid, start + x), x });
  }
  const blank = ' \x000\x00-1\x000';
  while (cells.at(-1)?.key === blank) cells.pop();
  return cells;
}

/** All that must be equal for two screens to be the same, as one text; each host's own name counts as the same word. */
export function imageKey({ host, grid, cursor }: Image): string {
  const name = shortName(host);
  const rows: string[] = [`${grid.width}x${grid.height}`];
  for (let y = 0; y < grid.height; y++) {
    const cells = cellsOf(grid, y, name);
    let row = cells.map(({ key }) => key).join('\x01');
    // Behind a name of another length the cursor is elsewhere, and at the same place of the text.
    if (cursor?.y === y)
      row += `\x02${cells.filter(({ x }) => x < cursor.x).length + Math.max(0, cursor.x - endOf(cells, name))}`;
    rows.push(row);
  }
  return rows.join('\n');
}

/** The first column behind the last cell. */
function endOf(cells: readonly Cell[], name: string): number {
  const last = cells.at(-1);
  if (last === undefined) return 0;
  return last.x + (last.key.startsWith(ownNameKey) ? name.length : 1);
}

/**
 * Groups hosts by what they show (`keyOf`: as `imageKey` says it), in the order of the first of each, so that nothing jumps
 * about on the screen. The focused host stands for its group, else the first one does.
 */
export function foldPanes(
  all: readonly string[],
  focus: string | undefined,
  keyOf: (host: string) => string,
): PaneGroup[] {
  const groups = new Map<string, string[]>();
  for (const host of all) {
    const key = keyOf(host);
    const hosts = groups.get(key);
    if (hosts === undefined) groups.set(key, [host]);
    else hosts.push(host);
  }
  return [...groups.values()].map((hosts) => ({
    hosts,
    shown: focus !== undefined && hosts.includes(focus) ? focus : hosts[0]!,
  }));
}

/** What `settle` remembers between two looks at the screens. */
export interface Settling {
  /** As it is shown. */
  readonly groups: readonly PaneGroup[];
  /** As it would be, if it stays so, and since when. */
  readonly next?: { readonly key: string; readonly since: number } | undefined;
}

/** Hosts answer one after the other: only what stays different for so long opens a pane of its own. Milliseconds. */
export const settleMs = 250;

const keyOf = (groups: readonly PaneGroup[]): string => groups.map(({ hosts }) => hosts.join(' ')).join('\n');

/**
 * The groups to show, given those that the screens make just now: another grouping is shown when it has been the same for
 * `settleMs`, and at once where hosts have come or gone.
 */
export function settle(before: Settling | undefined, groups: readonly PaneGroup[], now: number): Settling {
  const key = keyOf(groups);
  const all = (some: readonly PaneGroup[]): string =>
    some
      .flatMap(({ hosts }) => hosts)
      .sort()
      .join(' ');
  if (before === undefined || keyOf(before.groups) === key || all(before.groups) !== all(groups)) return { groups };
  if (before.next?.key !== key) return { groups: before.groups, next: { key, since: now } };
  return now - before.next.since >= settleMs ? { groups } : before;
}

/** The biggest group: what the others are compared with. Of equal ones the first. */
export function biggest(groups: readonly PaneGroup[]): PaneGroup | undefined {
  return groups.reduce<PaneGroup | undefined>(
    (best, group) => (best === undefined || group.hosts.length > best.hosts.length ? group : best),
    undefined,
  );
}

/**
 * The cells of `image` that are not as in `base`, as places on `image`'s screen: compared row by row behind what begins and
 * before what ends alike, so that one longer word does not mark the rest of its row.
 */
export function differences(base: Image, image: Image): { readonly x: number; readonly y: number }[] {
  const places: { x: number; y: number }[] = [];
  for (let y = 0; y < image.grid.height; y++) {
    const ours = cellsOf(image.grid, y, shortName(image.host));
    const theirs = y < base.grid.height ? cellsOf(base.grid, y, shortName(base.host)) : [];
    let head = 0;
    while (head < ours.length && head < theirs.length && ours[head]!.key === theirs[head]!.key) head++;
    if (head === ours.length && head === theirs.length) continue;
    let tail = 0;
    const most = Math.min(ours.length, theirs.length) - head;
    while (tail < most && ours.at(-1 - tail)!.key === theirs.at(-1 - tail)!.key) tail++;
    const end = ours.length - tail;
    for (const { x } of ours.slice(head, end)) places.push({ x, y });
    // Something is missing here: the cell where it would stand.
    if (end === head)
      places.push({ x: Math.min(image.grid.width - 1, ours[head]?.x ?? endOf(ours, shortName(image.host))), y });
  }
  return places;
}
