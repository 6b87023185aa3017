import { badInput, type Mistake, type Position } from '../base/problem.ts';

/** A word of a configuration file and where it stands. */
export interface Token {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** One line with its words; `indented` tells a directive of a section from the section's head. */
export interface Line {
  readonly text: string;
  readonly number: number;
  readonly indented: boolean;
  readonly tokens: readonly Token[];
}

/** The lines of a file as people have them: a byte order mark, CRLF, tabs, no final newline. */
export function rawLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
}

/** The words of a text between blanks, commas excluded, with their columns. */
export function words(text: string, line: number, offset = 0): Token[] {
  return [...text.matchAll(/[^\s]+/g)].map((match) => ({
    text: match[0],
    line,
    column: (match.index ?? 0) + offset + 1,
  }));
}

/**
 * The lines that say something. `comment` tells where a comment may begin: `anywhere` (ha.cf, where it may be glued to a
 * value) or before a `word` only.
 */
export function linesOf(text: string, comment: 'anywhere' | 'word'): Line[] {
  return rawLines(text).flatMap((raw, index) => {
    const start = comment === 'anywhere' ? raw.indexOf('#') : raw.search(/(?<=^|\s)#/);
    const said = start < 0 ? raw : raw.slice(0, start);
    const tokens = words(said, index + 1);
    if (tokens.length === 0) return [];
    return [{ text: said.trimEnd(), number: index + 1, indented: /^\s/.test(raw), tokens }];
  });
}

/** Gathers mistakes, so that a person sees all of them at once. */
export interface MistakeList {
  readonly file: string;
  readonly mistakes: Mistake[];
  add(at: { readonly line: number; readonly column: number }, message: string, hint?: string): void;
}

/** An empty list of mistakes in `file`. */
export function mistakeList(file: string): MistakeList {
  const mistakes: Mistake[] = [];
  return {
    file,
    mistakes,
    add: ({ line, column }, message, hint) => {
      const at: Position = { file, line, column };
      mistakes.push({ at, message, hint });
    },
  };
}

/** Throws a `Problem` with all mistakes in the order of the file, where there are any. */
export function throwMistakes({ mistakes }: MistakeList): void {
  if (mistakes.length === 0) return;
  const order = (left: Mistake, right: Mistake): number =>
    left.at.line - right.at.line || left.at.column - right.at.column;
  throw badInput([...mistakes].sort(order));
}

/** `true`, `on`, `yes`, `y`, `1` and their opposites, in any case, as heartbeat reads them. */
export function parseBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (['true', 'on', 'yes', 'y', '1'].includes(word)) return true;
  if (['false', 'off', 'no', 'n', '0'].includes(word)) return false;
  return undefined;
}

/** A whole number within bounds, or undefined. */
export function parseWhole(text: string, low: number, high: number): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}
