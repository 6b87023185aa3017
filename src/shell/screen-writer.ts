import { type ColourDepth, colourParameters, withinDepth } from './colour.ts';
import { attributes, type Grid, plain, type Style } from './grid.ts';
import { hasSureWidth } from './width.ts';

/** Where the terminal's cursor is to be; undefined: hidden. */
export type Cursor = { readonly x: number; readonly y: number } | undefined;

/** Parameters of SGR that begin and end each attribute (ECMA-48, 8.3.117). Bold and dim have one end. */
const codes: readonly (readonly [bit: number, on: string, off: string])[] = [
  [attributes.bold, '1', '22'],
  [attributes.dim, '2', '22'],
  [attributes.italic, '3', '23'],
  [attributes.underline, '4', '24'],
  [attributes.blink, '5', '25'],
  [attributes.inverse, '7', '27'],
  [attributes.hidden, '8', '28'],
  [attributes.strike, '9', '29'],
];

/** A gap of so many cells is written again rather than jumped over: a jump is as long. */
const shortGap = 4;

function same(left: Style, right: Style): boolean {
  return left.fg === right.fg && left.bg === right.bg && left.attrs === right.attrs;
}

/** The shortest SGR that turns one pen into another; empty where they are the same. */
export function penChange(from: Style, to: Style): string {
  if (same(from, to)) return '';
  if (same(to, plain)) return '\x1b[m';
  const colours = (known: Style): string[] => [
    ...(known.fg === to.fg ? [] : [colourParameters(to.fg, false)]),
    ...(known.bg === to.bg ? [] : [colourParameters(to.bg, true)]),
  ];
  const on = (bits: number): string[] => codes.flatMap(([bit, code]) => (bits & bit ? [code] : []));
  const fresh = ['0', ...on(to.attrs), ...colours(plain)].join(';');
  const gone = from.attrs & ~to.attrs;
  const intensity = attributes.bold | attributes.dim;
  // What ends bold ends dim, too.
  const again = gone & intensity ? to.attrs & intensity : 0;
  const off = new Set(codes.flatMap(([bit, , code]) => (gone & bit ? [code] : [])));
  const step = [...off, ...on((to.attrs & ~from.attrs) | again), ...colours(from)].join(';');
  return `\x1b[${step.length <= fresh.length ? step : fresh}m`;
}

/** Keeps a terminal like a grid, by the fewest bytes that are simple to find: only what differs from the grid before. */
export class ScreenWriter {
  readonly #depth: ColourDepth;
  #before: Grid | undefined;
  #shown: boolean | undefined;
  #output = '';
  #pen: Style = plain;
  /** Where the terminal's cursor is; undefined: not known. */
  #x: number | undefined;
  #y: number | undefined;

  constructor(depth: ColourDepth) {
    this.#depth = depth;
  }

  /** Nothing is known of the terminal any more: the next update writes everything. */
  forget(): void {
    [this.#before, this.#shown] = [undefined, undefined];
  }

  /** What has to be written so that the terminal shows `grid`. The writer keeps the grid: it must not change any more. */
  update(grid: Grid, cursor: Cursor): string {
    const before = this.#before;
    const fits = before !== undefined && before.width === grid.width && before.height === grid.height;
    [this.#output, this.#pen, this.#x, this.#y] = ['', plain, undefined, undefined];
    if (!fits) {
      this.#output = '\x1b[m\x1b[H\x1b[2J';
      [this.#x, this.#y] = [0, 0];
    }
    for (let y = 0; y < grid.height; y++) this.#row(fits ? before : undefined, grid, y);
    this.#take(plain);
    this.#placeCursor(cursor);
    this.#before = grid;
    return this.#output;
  }

  #placeCursor(cursor: Cursor): void {
    const shown = cursor !== undefined;
    // While much is written, a cursor that runs along would flicker.
    if (this.#shown !== false && this.#output.length > 64) {
      this.#output = `\x1b[?25l${this.#output}`;
      this.#shown = false;
    }
    if (cursor !== undefined) this.#move(cursor.x, cursor.y);
    if (this.#shown !== shown) this.#output += shown ? '\x1b[?25h' : '\x1b[?25l';
    this.#shown = shown;
  }

  #row(before: Grid | undefined, grid: Grid, y: number): void {
    const start = y * grid.width;
    const changed = (x: number): boolean => differs(before, grid, start + x);
    const tail = this.#blankTail(grid, y);
    for (let x = 0; x < grid.width; x++) {
      if (grid.text[start + x] === '') continue;
      if (!changed(x) && !(grid.isWide(x, y) && changed(x + 1))) continue;
      if (x >= tail && this.#worthErasing(changed, x, grid.width)) {
        this.#goTo(grid, x, y);
        this.#take(plain);
        this.#output += '\x1b[K';
        return;
      }
      this.#goTo(grid, x, y);
      this.#cell(grid, x, y);
    }
  }

  /** The column from which on there is nothing but blanks. */
  #blankTail(grid: Grid, y: number): number {
    let tail = grid.width;
    while (tail > 0 && isBlank(grid, y * grid.width + tail - 1)) tail--;
    return tail;
  }

  #worthErasing(changed: (x: number) => boolean, from: number, to: number): boolean {
    let count = 0;
    for (let x = from; x < to && count <= 3; x++) if (changed(x)) count++;
    return count > 3;
  }

  #cell(grid: Grid, x: number, y: number): void {
    const at = y * grid.width + x;
    const text = grid.text[at]!;
    this.#take({ fg: grid.fg[at]!, bg: grid.bg[at]!, attrs: grid.attrs[at]! });
    this.#output += text;
    const end = x + (grid.isWide(x, y) ? 2 : 1);
    // Behind the last column terminals differ in where the cursor is.
    this.#x = hasSureWidth(text) && end < grid.width ? end : undefined;
    if (end >= grid.width) this.#y = undefined;
  }

  #take(wanted: Style): void {
    const pen = { ...wanted, fg: withinDepth(wanted.fg, this.#depth), bg: withinDepth(wanted.bg, this.#depth) };
    this.#output += penChange(this.#pen, pen);
    this.#pen = pen;
  }

  /** Moves there, over a short gap by writing what it shows already. */
  #goTo(grid: Grid, x: number, y: number): void {
    const from = this.#y === y ? this.#x : undefined;
    const between = from === undefined ? undefined : this.#between(grid, from, x, y);
    if (between === undefined) this.#move(x, y);
    else this.#output += between;
    [this.#x, this.#y] = [x, y];
  }

  /** What stands between two columns, where it can be written with this pen and is short enough. */
  #between(grid: Grid, from: number, to: number, y: number): string | undefined {
    if (from > to || to - from > shortGap) return undefined;
    const start = y * grid.width;
    for (let at = start + from; at < start + to; at++) {
      const how = { fg: grid.fg[at]!, bg: grid.bg[at]!, attrs: grid.attrs[at]! };
      if (!/^[ -~]$/.test(grid.text[at]!) || !same(this.#pen, how)) return undefined;
    }
    return grid.text.slice(start + from, start + to).join('');
  }

  #move(x: number, y: number): void {
    if (this.#y === y && this.#x === x) return;
    if (this.#y === y && x === 0) this.#output += '\r';
    else if (this.#y === y) this.#output += forward(this.#x, x);
    else if (this.#y !== undefined && this.#y + 1 === y && x === 0) this.#output += '\r\n';
    else this.#output += `\x1b[${y === 0 && x === 0 ? '' : x === 0 ? y + 1 : `${y + 1};${x + 1}`}H`;
    [this.#x, this.#y] = [x, y];
  }
}

/** CUF where it is known how far, else CHA. */
function forward(from: number | undefined, to: number): string {
  if (from === undefined || from > to) return `\x1b[${to + 1}G`;
  return to - from === 1 ? '\x1b[C' : `\x1b[${to - from}C`;
}

function isBlank(grid: Grid, at: number): boolean {
  return grid.text[at] === ' ' && grid.bg[at] === plain.bg && grid.attrs[at] === 0;
}

function differs(before: Grid | undefined, grid: Grid, at: number): boolean {
  if (before === undefined) return !isBlank(grid, at);
  if (isBlank(before, at) && isBlank(grid, at)) return false;
  return (
    before.text[at] !== grid.text[at] ||
    before.fg[at] !== grid.fg[at] ||
    before.bg[at] !== grid.bg[at] ||
    before.attrs[at] !== grid.attrs[at]
  );
}
