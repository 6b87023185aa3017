import type { Rect } from './grid.ts';

/** The size of a terminal in cells. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One pane on the screen: a title row, and below it what its host shows. */
export interface Tile {
  /** Which of the panes, counted from 0 over all pages. */
  readonly index: number;
  readonly title: Rect;
  readonly body: Rect;
}

export interface LayoutOptions {
  /** Smaller bodies are not made: more panes than fit go to further pages. */
  readonly smallest: Size;
  /** So many columns, as somebody asked for; undefined: whatever serves bodies of 80x24 best. */
  readonly columns?: number | undefined;
  /** The page that is shown, from 0; what is beyond the last one means the last. */
  readonly page: number;
}

export interface Layout {
  readonly tiles: readonly Tile[];
  readonly page: number;
  readonly pages: number;
  /** What fits into every tile of a full page: the size that all terminals get, as equal screens need equal sizes. */
  readonly terminal: Size;
}

/** Useful on a terminal of 80x24: three panes side by side, or five below each other. */
export const smallestBody: Size = { width: 20, height: 3 };

/** A terminal that programs are written for. */
const usual: Size = { width: 80, height: 24 };

interface Shape {
  readonly columns: number;
  readonly rows: number;
}

/** The body's size where so many columns and rows share the area: a line stands between columns, a title above each body. */
function bodySize(area: Size, { columns, rows }: Shape): Size {
  return {
    width: Math.floor((area.width - (columns - 1)) / columns),
    height: Math.floor(area.height / rows) - 1,
  };
}

/**
 * How much of an 80x24 terminal a body has: what is beyond counts little, so that panes grow evenly; and columns count more
 * than rows, as lines that are cut are worse than fewer of them.
 */
function worth({ width, height }: Size): number {
  const share = (size: number, wanted: number): number =>
    Math.min(1, size / wanted) + 0.05 * Math.min(4, size / wanted);
  return share(width, usual.width) ** 1.5 * share(height, usual.height);
}

/** How many columns and rows show `count` panes at once; undefined where they do not fit. */
function shapeFor(count: number, area: Size, { smallest, columns }: LayoutOptions): Shape | undefined {
  let best: Shape | undefined;
  const most = columns ?? count;
  for (let wanted = columns ?? 1; wanted <= most; wanted++) {
    const shape = { columns: Math.min(wanted, count), rows: Math.ceil(count / Math.min(wanted, count)) };
    const size = bodySize(area, shape);
    if (size.width < smallest.width || size.height < smallest.height) continue;
    if (best === undefined || worth(size) > worth(bodySize(area, best))) best = shape;
  }
  return best;
}

/** The most panes that one page takes: one at least, however small the screen is. */
function perPage(count: number, area: Size, options: LayoutOptions): number {
  let size = count;
  while (size > 1 && shapeFor(size, area, options) === undefined) size--;
  return size;
}

/**
 * Tiles the area with panes in their order, row by row; the last row's panes share its whole width. Panes that do not fit
 * go to further pages, all of which have the same number of them but the last.
 */
export function layout(count: number, area: Size, options: LayoutOptions): Layout {
  if (count === 0) return { tiles: [], page: 0, pages: 1, terminal: bodySize(area, { columns: 1, rows: 1 }) };
  const fitting = perPage(count, area, options);
  const pages = Math.ceil(count / fitting);
  const page = Math.max(0, Math.min(options.page, pages - 1));
  const shape = shapeFor(fitting, area, options) ?? { columns: 1, rows: 1 };
  const { width, height } = bodySize(area, shape);
  const terminal = { width: Math.max(1, width), height: Math.max(1, height) };
  const first = page * fitting;
  const shown = Math.min(fitting, count - first);
  // The last page may hold fewer: they share the whole screen, in as many columns, so that no body is too narrow.
  return { tiles: tilesOf(first, shown, area, shape), page, pages, terminal };
}

/** One pane alone on the whole area. */
export function zoomed(index: number, area: Size): Tile {
  return tilesOf(index, 1, area, { columns: 1, rows: 1 })[0]!;
}

function tilesOf(first: number, count: number, area: Size, { columns, rows }: Shape): Tile[] {
  const used = Math.min(rows, Math.ceil(count / columns));
  return shares(area.height, used).flatMap(([y, height], row) => {
    const inRow = Math.min(columns, count - row * columns);
    // The first body's left edge is the screen's; a line stands before each other one.
    return shares(area.width + 1, inRow).map(([x, share], column) => ({
      index: first + row * columns + column,
      title: { x, y, width: share - 1, height: 1 },
      body: { x, y: y + 1, width: share - 1, height: Math.max(0, height - 1) },
    }));
  });
}

/** Divides a length into parts that differ by one at most: the beginning and the length of each. */
function shares(length: number, parts: number): [from: number, length: number][] {
  const at = (part: number): number => Math.floor((length * part) / parts);
  return Array.from({ length: parts }, (_, part) => [at(part), at(part + 1) - at(part)]);
}

/** The tile that a cell of the screen lies in, and whether in its title. */
export function tileAt(
  tiles: readonly Tile[],
  x: number,
  y: number,
): { readonly tile: Tile; readonly onTitle: boolean } | undefined {
  const inside = (rect: Rect): boolean =>
    x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
  for (const tile of tiles) {
    if (inside(tile.title)) return { tile, onTitle: true };
    if (inside(tile.body)) return { tile, onTitle: false };
  }
  return undefined;
}
