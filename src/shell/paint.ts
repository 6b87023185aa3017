/** Everything on the screen, out of the state and what the terminals show. Pure. */
import { questionOf, statusLine, titleStyle, titleText } from './badges.ts';
import { biggest, differences, type Image, type PaneGroup } from './fold.ts';
import { attributes, Grid, plain, style } from './grid.ts';
import { helpLines, type Keymap } from './keymap.ts';
import { type Layout, layout, type Size, smallestBody, type Tile, zoomed } from './layout.ts';
import type { Cursor } from './screen-writer.ts';
import type { ShellState } from './state.ts';
import { cutText, textWidth } from './width.ts';

export interface View {
  readonly grid: Grid;
  readonly cursor: Cursor;
  /** The panes that are on the screen, each with the group that it shows. */
  readonly tiles: readonly { readonly tile: Tile; readonly group: PaneGroup }[];
}

/** The screen but for the status line. */
export function areaOf(size: Size): Size {
  return { width: size.width, height: Math.max(1, size.height - 1) };
}

/**
 * How many tiles the terminals are made for. Folded panes need few, but their number changes all the time, and no program
 * likes to be resized all the time: so they get the size that a few of them would have.
 */
const foldedTiles = 4;

/** The size of one host's terminal: the whole screen where it is zoomed, else as all others. */
export function paneSize(state: ShellState, host: string): Size {
  const { zoomed: isZoomed, size } = state.view;
  if (!isZoomed || state.focus !== host) return terminalSize(state);
  return sizeOf(zoomed(0, areaOf(size)));
}

/** The size that every terminal gets: one for all, as only terminals of one size can show the same. */
export function terminalSize({ panes, view }: ShellState): Size {
  const count = view.folded ? Math.min(panes.length, foldedTiles) : panes.length;
  return tiling({ view }, count).terminal;
}

function tiling({ view }: Pick<ShellState, 'view'>, count: number): Layout {
  const { size, columns, page } = view;
  return layout(count, areaOf(size), { smallest: smallestBody, columns, page });
}

/** Each host by itself, in order. */
export function unfolded(hosts: readonly string[]): PaneGroup[] {
  return hosts.map((host) => ({ hosts: [host], shown: host }));
}

export function paint(
  state: ShellState,
  groups: readonly PaneGroup[],
  images: ReadonlyMap<string, Image>,
  keymap: Keymap,
): View {
  const { view, focus, mode } = state;
  const grid = new Grid(view.size.width, view.size.height);
  const { tiles: all, page, pages } = tiling(state, groups.length);
  const focused = groups.findIndex(({ hosts }) => focus !== undefined && hosts.includes(focus));
  const shown = view.zoomed && focused !== -1 ? [zoomed(focused, areaOf(view.size))] : all;
  const base = biggest(groups);
  const tiles = shown.flatMap((tile) => {
    const group = groups[tile.index];
    return group === undefined ? [] : [{ tile, group }];
  });
  for (const { tile, group } of tiles) {
    const image = images.get(group.shown);
    paintTitle(grid, state, tile, group);
    if (image !== undefined) grid.copy(image.grid, { x: 0, y: 0, ...sizeOf(tile) }, tile.body.x, tile.body.y);
    const other = base === undefined || base === group || groups.length < 2 ? undefined : images.get(base.shown);
    if (view.folded && image !== undefined && other !== undefined) highlight(grid, tile, other, image);
    paintEdge(grid, tile);
  }
  if (mode.kind === 'help') paintHelp(grid, helpLines(keymap), mode.from);
  return { grid, cursor: paintStatus(grid, state, keymap, { page, pages }) ?? cursorIn(state, tiles, images), tiles };
}

function sizeOf({ body }: Tile): Size {
  return { width: body.width, height: body.height };
}

function paintTitle(grid: Grid, state: ShellState, { title }: Tile, group: PaneGroup): void {
  const panes = group.hosts.flatMap((host) => state.panes.find((pane) => pane.host === host) ?? []);
  const how = titleStyle(state, panes);
  grid.fill(title, ' ', { ...how, attrs: 0 });
  grid.put(title.x, title.y, titleText(state, group, title.width), how, title.x + title.width);
}

/** The line to the right, where another pane stands beside it. */
function paintEdge(grid: Grid, { title, body }: Tile): void {
  const x = title.x + title.width;
  if (x >= grid.width) return;
  const how = style({ fg: 8 });
  grid.fill({ x, y: title.y, width: 1, height: body.height + 1 }, '│', how);
}

/** What differs from the biggest group is underlined and inverse, so that it shows without colours, too. */
function highlight(grid: Grid, { body }: Tile, base: Image, image: Image): void {
  for (const { x, y } of differences(base, image)) {
    if (x < body.width && y < body.height) grid.mark(body.x + x, body.y + y, attributes.inverse);
  }
}

function paintHelp(grid: Grid, lines: readonly string[], from: number): void {
  const room = Math.max(1, grid.height - 2);
  const first = Math.min(from, Math.max(0, lines.length - room));
  grid.fill({ x: 0, y: 0, width: grid.width, height: grid.height - 1 }, ' ', plain);
  const title =
    lines.length > room ? 'Keys (Up, Down, PageUp, PageDown; any other key closes this)' : 'Keys (any key closes this)';
  grid.put(0, 0, cutText(title, grid.width), style({ attrs: attributes.bold }));
  for (const [row, line] of lines.slice(first, first + room).entries())
    grid.put(1, row + 1, cutText(line, grid.width - 1));
}

/** Returns where the cursor is, where something is asked in the status line. */
function paintStatus(
  grid: Grid,
  state: ShellState,
  keymap: Keymap,
  pages: { readonly page: number; readonly pages: number },
): Cursor {
  const y = grid.height - 1;
  const asks = questionOf(state) !== undefined;
  const alarm = asks || state.aim === 'nobody' || state.canary.on;
  const how = style({ fg: 0, bg: alarm ? 3 : 7 });
  grid.fill({ x: 0, y, width: grid.width, height: 1 }, ' ', how);
  const whole = statusLine(state, keymap, pages);
  // What is typed stands at the end, and has to be seen.
  const line =
    asks && textWidth(whole) >= grid.width ? `…${lastColumns(whole, grid.width - 2)}` : cutText(whole, grid.width);
  const end = grid.put(0, y, line, how);
  return asks ? { x: Math.min(end, grid.width - 1), y } : undefined;
}

function lastColumns(text: string, columns: number): string {
  let rest = text;
  while (rest !== '' && textWidth(rest) > columns) rest = rest.slice(String.fromCodePoint(rest.codePointAt(0)!).length);
  return rest;
}

/** The cursor of the focused host, where its pane shows it. */
function cursorIn({ focus, mode }: ShellState, tiles: View['tiles'], images: ReadonlyMap<string, Image>): Cursor {
  if (mode.kind === 'help') return undefined;
  for (const { tile, group } of tiles) {
    if (focus === undefined || !group.hosts.includes(focus)) continue;
    const cursor = images.get(group.shown)?.cursor;
    if (cursor === undefined || cursor.x >= tile.body.width || cursor.y >= tile.body.height) return undefined;
    return { x: tile.body.x + cursor.x, y: tile.body.y + cursor.y };
  }
  return undefined;
}
