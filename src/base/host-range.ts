/** Sets of host names as people write them: `node[1-3,5]`, `rack[1-2]-node[01-10]`, `db[1-100/2]`. */

/** More names than anybody means; `n[1-999999999]` is a slip of the finger and must not fill the memory. */
const maxNames = 100_000;

/** A range that cannot be expanded; `column` counts from 1 within the text. */
export class HostRangeError extends Error {
  readonly column: number;

  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

function expandPart(part: string, column: number): string[] {
  const match = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/.exec(part);
  if (match === null) throw new HostRangeError(`"${part}" is no number, range (1-3) or stepped range (1-9/2)`, column);
  const [, first, last = first, step = '1'] = match as unknown as [string, string, string?, string?];
  const [low, high, by] = [Number(first), Number(last), Number(step)];
  if (high < low) throw new HostRangeError(`"${part}" counts down`, column);
  if (by < 1) throw new HostRangeError(`"${part}" has a step of zero`, column);
  if ((high - low) / by >= maxNames) throw new HostRangeError(`"${part}" means more than ${maxNames} names`, column);
  // A leading zero in the first number asks for padding to its width, as in ClusterShell and pdsh.
  const padding = first.startsWith('0') ? first.length : 1;
  const names: string[] = [];
  for (let value = low; value <= high; value += by) names.push(String(value).padStart(padding, '0'));
  return names;
}

/**
 * All names of a range in the order in which it is written; several brackets count like digits, the last one fastest.
 * A text without brackets is itself. Throws `HostRangeError` with the column of what does not fit.
 */
export function expandRange(text: string): string[] {
  let names = [''];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('[', position);
    const close = text.indexOf(']', position);
    if (close >= 0 && (open < 0 || close < open)) throw new HostRangeError('"]" without "["', close + 1);
    const literal = text.slice(position, open < 0 ? undefined : open);
    if (open < 0) return names.map((name) => name + literal);
    if (close < 0) throw new HostRangeError('"[" without "]"', open + 1);
    const choices: string[] = [];
    let column = open + 2;
    for (const part of text.slice(open + 1, close).split(',')) {
      choices.push(...expandPart(part.trim(), column));
      // Within the loop, as thousands of parts may mean a hundred thousand names each.
      if (names.length * choices.length > maxNames) {
        throw new HostRangeError(`"${text.slice(0, 60)}" means more than ${maxNames} names`, open + 1);
      }
      column += part.length + 1;
    }
    names = names.flatMap((name) => choices.map((choice) => `${name}${literal}${choice}`));
    position = close + 1;
  }
  return names;
}

/** By the parts that are digits as numbers, so that node2 comes before node10. */
export function compareNatural(left: string, right: string): number {
  const split = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [a, b] = [split(left), split(right)];
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [x, y] = [a[index]!, b[index]!];
    const numeric = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0;
    if (numeric !== 0) return numeric;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

function foldNumbers(numbers: readonly { value: number; text: string }[]): string {
  const runs: { first: string; last: string; value: number }[] = [];
  for (const { value, text } of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && value === run.value + 1) Object.assign(run, { last: text, value });
    else runs.push({ first: text, last: text, value });
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
}

/** Names, or notations of several, that are the same but for one number. */
interface Folded {
  readonly before: string;
  readonly after: string;
  readonly numbers: { value: number; text: string }[];
}

/** Joins what differs only in its `place`-th number, counted from the end; what has none there stays as it is. */
function foldNumber(names: readonly string[], place: number): string[] {
  const sets = new Map<string, Folded>();
  for (const name of names) {
    const fields = [...name.matchAll(/\[[^\]]*\]|\d+/g)];
    const field = fields.at(-1 - place);
    const text = field !== undefined && /^\d{1,15}$/.test(field[0]) ? field[0] : '';
    const before = text === '' ? name : name.slice(0, field!.index);
    const after = text === '' ? '' : name.slice(field!.index + text.length);
    // Numbers share a bracket where the first one's padding produces the others: same width, or no padding at all.
    const width = text.startsWith('0') && text.length > 1 ? text.length : 0;
    const padded = width > 0 || !sets.has(`${before}\0${after}\0${text.length}`) ? width : text.length;
    const key = text === '' ? name : `${before}\0${after}\0${padded}`;
    const set = sets.get(key) ?? { before, after, numbers: [] };
    if (text !== '') set.numbers.push({ value: Number(text), text });
    sets.set(key, set);
  }
  return [...sets.values()].map(({ before, after, numbers }) => {
    if (numbers.length === 0) return before;
    if (numbers.length === 1) return `${before}${numbers[0]!.text}${after}`;
    return `${before}[${foldNumbers(numbers)}]${after}`;
  });
}

/**
 * The shortest common notation of a set of names, in natural order: `db1,node[1-3,5],rack[1-2]n[1-4],web`. Names fold over
 * their last number first, then over those before it; padded and unpadded numbers (`n08`, `n8`) stay apart. `expandRange`
 * of each part between commas outside of brackets gives them back.
 */
export function foldHosts(names: Iterable<string>): string {
  let folded = [...new Set(names)].sort(compareNatural);
  const places = Math.max(0, ...folded.slice(0, 1000).map((name) => name.match(/\d+/g)?.length ?? 0));
  for (let place = 0; place < Math.min(places, 8); place++) folded = foldNumber(folded, place);
  return folded.join(',');
}
