/** How many columns a character takes on a terminal: Unicode's East Asian Width (UAX 11), and emoji that show as pictures. */

/** Wide and full width, first and last of each range. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];

/** Columns of one code point: 0 (it joins the one before), 1 or 2. Control characters count as 0, as nothing shows them. */
export function widthOf(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (code < 0x300) return 1;
  if (wide.some(([first, last]) => code >= first && code <= last)) return 2;
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0;
  return /^\p{Emoji_Presentation}/u.test(character) ? 2 : 1;
}

/** A character as a cell shows it: with all that joins it. */
export interface Cluster {
  readonly text: string;
  readonly width: 1 | 2;
}

/** Cuts a text into cells. What joins nothing (a mark at the beginning, a control character) is left out. */
export function clustersOf(text: string): Cluster[] {
  const clusters: { text: string; width: 1 | 2 }[] = [];
  for (const character of text) {
    const width = widthOf(character);
    if (width !== 0) clusters.push({ text: character, width });
    else if (/^\P{Cc}/u.test(character) && clusters.length > 0) clusters.at(-1)!.text += character;
  }
  return clusters;
}

/** Columns of a text in one line. */
export function textWidth(text: string): number {
  return clustersOf(text).reduce((sum, { width }) => sum + width, 0);
}

/** As much of the text as fits into so many columns; where something is cut, `…` ends it. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let [left, kept] = [columns - 1, ''];
  for (const cluster of clustersOf(text)) {
    if (cluster.width > left) break;
    left -= cluster.width;
    kept += cluster.text;
  }
  return columns > 0 ? `${kept}…` : '';
}

/**
 * Whether all terminals agree on how far the cursor moves over this cell: not about emoji, joined characters, and what is
 * ambiguous in width.
 */
export function hasSureWidth(text: string): boolean {
  const code = text.codePointAt(0) ?? 0;
  if (text.length > (code > 0xffff ? 2 : 1)) return false;
  if (code < 0x250 || (code >= 0x2500 && code < 0x25a0)) return true;
  return wide.some(([first, last]) => code >= first && code <= last);
}
