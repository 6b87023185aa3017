/** What a word with quotes of its own must not stand within, and how that is called. */
const names = {
  "'": 'within single quotes',
  '"': 'within double quotes',
  '`': 'within backquotes',
  '#': 'within a comment',
  '}': 'within braces behind a dollar sign',
  '))': 'within two parentheses, which may be arithmetic',
  ')': 'within double quotes',
  ']': 'within brackets behind a word, which may be arithmetic',
} as const;

type Place = keyof typeof names;

/**
 * Follows a POSIX shell through a command, as far as it matters for whether a quoted word may stand somewhere in it. What
 * shells read in different ways (`$'...'`, quotes in braces) makes it say no from there on: a value in a wrong place would
 * be a command of whoever wrote the value.
 */
export class QuoteTracker {
  /** From the outside to the inside, each by what ends it. */
  readonly #places: Place[] = [];
  #escaped = false;
  #doubt: string | undefined;
  /** The character right before, where it is neither quoted nor the end of something quoted. */
  #before = ' ';

  /** The next piece of the command, up to a value. */
  read(piece: string): void {
    for (let at = 0; at < piece.length; at++) this.#take(piece[at]!, piece[at + 1]);
    if (/<<(?!<)/.test(piece)) this.#doubt ??= 'within a here-document';
  }

  /** Where the command has come to a value: what surrounds it, in words; undefined where a word may stand. */
  inside(): string | undefined {
    const place = this.#places.at(-1);
    if (this.#doubt !== undefined) return this.#doubt;
    if (this.#escaped) return 'within an escape (a backslash stands before it)';
    if (place !== undefined) return names[place];
    if (this.#before === '$') return 'behind a dollar sign';
    // The value may be a name.
    this.#before = 'a';
    return undefined;
  }

  #take(char: string, next: string | undefined): void {
    const place = this.#places.at(-1);
    const before = this.#before;
    if (this.#escaped) {
      this.#escaped = false;
      // A line that goes on: what stood before it is still right before.
      if (char !== '\n') this.#before = '';
      return;
    }
    if (place === '#' || place === "'") {
      if (char !== (place === '#' ? '\n' : "'")) return;
      this.#places.pop();
      this.#before = place === '#' ? char : '';
      return;
    }
    if (place === '}' || place === '))' || place === ')' || place === ']') {
      this.#takeNested(place, char, next);
      return;
    }
    if (char === '\\') {
      this.#escaped = true;
      return;
    }
    this.#before = char;
    if (char === place) {
      this.#places.pop();
      this.#before = '';
    } else if (place === '`') {
      // Nothing else ends it, whatever stands in it.
    } else if (before === '$' && char === '{') {
      this.#places.push('}');
    } else if (before === '$' && char === '[') {
      this.#doubt ??= 'behind $[, which some shells take for arithmetic';
    } else if (before === '$' && char === '(' && place === '"') {
      this.#places.push(')');
    } else if (char === '(' && before === '(' && place === undefined) {
      this.#places.push('))');
    } else if (char === '[' && /\w/.test(before) && place === undefined) {
      // The index of an array is arithmetic, which runs a `$( )` also from within quotes.
      this.#places.push(']');
    } else if (char === "'" && place === undefined) {
      if (before === '$') this.#doubt ??= "behind $'...', which not every shell knows";
      this.#places.push(char);
    } else if (char === '"' || char === '`') {
      this.#places.push(char);
    } else if (char === '#' && place === undefined) {
      // Behind `)` it is a comment where that ends a subshell, and none where it ends a substitution.
      if (before === ')') this.#doubt ??= 'behind ")#", which may be a comment';
      else if (/[\s;&|(<>]/.test(before)) this.#places.push('#');
    }
  }

  /** Within `${ }`, `(( ))`, `x[ ]`, and `$( )` in double quotes: as long as it is simple, it is known where it ends. */
  #takeNested(place: Place, char: string, next: string | undefined): void {
    if (/['"`\\{([]/.test(char) || (place !== '}' && char === '#')) {
      this.#doubt ??= 'behind quotes or brackets within brackets';
    }
    if (place === '))' ? char !== ')' || next !== ')' : char !== place) return;
    this.#places.pop();
    this.#before = '';
  }
}
