/** A mistake in a condition, or a name in it that is unknown. */
export class ExpressionError extends Error {
  /** Column in the text, from 1. */
  readonly column: number;
  /** The name that is unknown, where that is the mistake. */
  readonly unknownName: string | undefined;
  constructor(message: string, column: number, unknownName?: string) {
    super(message);
    this.column = column;
    this.unknownName = unknownName;
  }
}

export interface Token {
  readonly kind: 'number' | 'string' | 'name' | 'operator' | 'end';
  readonly text: string;
  readonly column: number;
}

const tokenPattern =
  /\s*(?:(\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([A-Za-z_][A-Za-z0-9_]*)|(&&|\|\||[=!<>]=|[-+*/%<>!()[\].,?:]))/y;

/** Words, numbers, texts and operators with their columns; throws `ExpressionError` for what is none. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (text.slice(tokenPattern.lastIndex).trim() !== '') {
    const start = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) {
      const column = start + 1 + (text.slice(start).length - text.slice(start).trimStart().length);
      throw new ExpressionError(`"${text[column - 1]}" has no meaning in a condition`, column);
    }
    const [whole, number, double, single, name, operator] = match;
    const column = start + 1 + (whole.length - whole.trimStart().length);
    const quoted = double ?? single;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, column });
    else if (quoted !== undefined) tokens.push({ kind: 'string', text: unescapeText(quoted), column });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, column });
    else tokens.push({ kind: 'operator', text: operator!, column });
  }
  tokens.push({ kind: 'end', text: '', column: text.length + 1 });
  return tokens;
}

function unescapeText(text: string): string {
  return text.replace(/\\(.)/g, (_whole, letter: string) => ({ n: '\n', t: '\t' })[letter] ?? letter);
}
