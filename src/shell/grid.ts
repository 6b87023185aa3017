import { ownColour } from './colour.ts';
import { clustersOf } from './width.ts';

/** What a cell may be beside its colours; bits. */
export const attributes = {
  bold: 1,
  dim: 2,
  italic: 4,
  underline: 8,
  blink: 16,
  inverse: 32,
  hidden: 64,
  strike: 128,
} as const;

export interface Style {
  readonly fg: number;
  readonly bg: number;
  /** Bits of `attributes`. */
  readonly attrs: number;
}

export const plain: Style = { fg: ownColour, bg: ownColour, attrs: 0 };

export function style(changes: Partial<Style>): Style {
  return { ...plain, ...changes };
}

/** A place on a screen; columns and rows count from 0. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A screen as cells. A wide character stands in its first cell, and the second one is the empty text; whoever overwrites one
 * of the two makes a blank of the other, as terminals do.
 */
export class Grid {
  readonly width: number;
  readonly height: number;
  readonly text: string[];
  readonly fg: Int32Array;
  readonly bg: Int32Array;
  readonly attrs: Uint8Array;

  constructor(width: number, height: number) {
    const size = width * height;
    [this.width, this.height] = [width, height];
    this.text = new Array<string>(size).fill(' ');
    this.fg = new Int32Array(size).fill(ownColour);
    this.bg = new Int32Array(size).fill(ownColour);
    this.attrs = new Uint8Array(size);
  }

  /** One cell, with what must be true of its neighbours. `text` is a character with all that joins it. */
  set(x: number, y: number, text: string, width: 1 | 2, { fg, bg, attrs }: Style): void {
    if (x < 0 || y < 0 || y >= this.height || x + width > this.width) return;
    const at = y * this.width + x;
    this.#part(x, y);
    if (width === 2) this.#part(x + 1, y);
    this.text[at] = text;
    for (let cell = at; cell < at + width; cell++) {
      if (cell > at) this.text[cell] = '';
      this.fg[cell] = fg;
      this.bg[cell] = bg;
      this.attrs[cell] = attrs;
    }
  }

  /** Writes a text into its row up to column `limit` (not included); returns the column behind it. */
  put(x: number, y: number, text: string, how: Style = plain, limit = this.width): number {
    let column = x;
    for (const cluster of clustersOf(text)) {
      if (column + cluster.width > Math.min(limit, this.width)) break;
      this.set(column, y, cluster.text, cluster.width, how);
      column += cluster.width;
    }
    return column;
  }

  fill({ x, y, width, height }: Rect, character = ' ', how: Style = plain): void {
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) this.set(column, row, character, 1, how);
    }
  }

  /** Adds attributes to one cell (both of a wide one), and leaves what it shows. */
  mark(x: number, y: number, attrs: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = y * this.width + x;
    this.attrs[at]! |= attrs;
    if (this.text[at] === '' && x > 0) this.attrs[at - 1]! |= attrs;
    if (this.isWide(x, y)) this.attrs[at + 1]! |= attrs;
  }

  isWide(x: number, y: number): boolean {
    return x + 1 < this.width && this.text[y * this.width + x] !== '' && this.text[y * this.width + x + 1] === '';
  }

  /** Copies what fits of a part of another screen. */
  copy(from: Grid, source: Rect, x: number, y: number): void {
    for (let row = 0; row < source.height; row++) {
      for (let column = 0; column < source.width; column++) {
        const [sx, sy] = [source.x + column, source.y + row];
        if (sx >= from.width || sy >= from.height) continue;
        const at = sy * from.width + sx;
        const text = from.text[at]!;
        if (text === '' && column > 0) continue;
        const how = { fg: from.fg[at]!, bg: from.bg[at]!, attrs: from.attrs[at]! };
        const wide = from.isWide(sx, sy);
        // Half of a wide character at an edge is nothing that could be shown.
        if (text === '' || (wide && column + 1 >= source.width)) this.set(x + column, y + row, ' ', 1, how);
        else this.set(x + column, y + row, text, wide ? 2 : 1, how);
      }
    }
  }

  /** The text of a row, without blanks at its end. */
  row(y: number): string {
    return this.text
      .slice(y * this.width, (y + 1) * this.width)
      .join('')
      .trimEnd();
  }

  /** Makes a blank of the other half of the wide character that this cell is a part of. */
  #part(x: number, y: number): void {
    const at = y * this.width + x;
    if (this.text[at] === '' && x > 0) this.text[at - 1] = ' ';
    else if (this.isWide(x, y)) this.text[at + 1] = ' ';
  }
}

/** A screen out of lines of text, for what is drawn by hand. */
export function gridOf(lines: readonly string[], width: number, height = lines.length): Grid {
  const grid = new Grid(width, height);
  for (const [y, line] of lines.entries()) if (y < height) grid.put(0, y, line);
  return grid;
}
