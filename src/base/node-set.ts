/**
 * Node sets, the language of ClusterShell (`nodeset`, `clush -w`): names and ranges, `@group`, wildcards, and the operators
 * `,` or a blank (union), `!` (difference), `&` (intersection) and `^` (symmetric difference), read from left to right
 * without precedence.
 */
import { expandRange, HostRangeError } from './host-range.ts';

/** A node set that cannot be evaluated; `column` counts from 1 within the text, the message is what was seen there. */
export class NodeSetError extends Error {
  readonly column: number;
  /** What must hold; undefined: the text must be a set of hosts at all. */
  readonly must: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, column: number, more: { must?: string; hint?: string | undefined } = {}) {
    super(message);
    this.column = column;
    this.must = more.must;
    this.hint = more.hint;
  }
}

/** What names mean. All are asked for with the column of their term, so that they can refuse it with its place. */
export interface NodeSetWorld {
  /** Every host: what `all`, `@*` and wildcards choose from. */
  all(column: number): readonly string[];
  /** The members of `@name`. */
  group(name: string, column: number): readonly string[];
  /** The hosts that a term without `@` means, given the names that it expands to. */
  names(term: string, expanded: readonly string[], column: number): readonly string[];
}

type Operator = ',' | '!' | '&' | '^';

interface Part {
  readonly text: string;
  readonly column: number;
  readonly operator: boolean;
}

/** Operators count outside of brackets only: `node[1,3]` is one term. */
function partsOf(text: string): Part[] {
  return [...text.matchAll(/(?:\[[^\]]*\]|[^\s,!&^[])+|[,!&^]|\[/g)].map((match) => ({
    text: match[0],
    column: match.index + 1,
    operator: /^[,!&^]$/.test(match[0]),
  }));
}

function combine(operator: Operator, left: ReadonlySet<string>, right: ReadonlySet<string>): Set<string> {
  switch (operator) {
    case ',':
      return new Set([...left, ...right]);
    case '!':
      return new Set([...left].filter((name) => !right.has(name)));
    case '&':
      return new Set([...left].filter((name) => right.has(name)));
    case '^':
      return new Set([
        ...[...left].filter((name) => !right.has(name)),
        ...[...right].filter((name) => !left.has(name)),
      ]);
  }
}

/** The names of a node set, each once, in the order in which they are first named. Throws `NodeSetError`. */
export function evaluateNodeSet(text: string, world: NodeSetWorld): Set<string> {
  let selected = new Set<string>();
  let pending: Part | undefined;
  let any = false;
  const parts = partsOf(text);
  // Before its name is looked up, which is not the one that was meant.
  const open = parts.find((part) => part.text === '[');
  if (open !== undefined) throw new NodeSetError('"[" without "]"', open.column);
  for (const part of parts) {
    if (part.operator) {
      if (part.text === ',') continue;
      if (pending !== undefined) throw new NodeSetError(`"${part.text}" follows "${pending.text}"`, part.column);
      if (!any) {
        const hint = `all${text.trim()} begins with all hosts`;
        throw new NodeSetError(`nothing stands before "${part.text}"`, part.column, { hint });
      }
      pending = part;
    } else {
      const operator = (pending?.text ?? ',') as Operator;
      selected = combine(operator, selected, new Set(evaluateTerm(part, world)));
      [pending, any] = [undefined, true];
    }
  }
  if (pending !== undefined) throw new NodeSetError(`nothing stands behind "${pending.text}"`, pending.column);
  return selected;
}

function evaluateTerm({ text, column }: Part, world: NodeSetWorld): readonly string[] {
  if (text === '@*') return world.all(column);
  if (/[*?]/.test(text) && !text.startsWith('@')) return matching(text, column, world);
  if (text.startsWith('@')) return expand(text.slice(1), column + 1).flatMap((name) => world.group(name, column));
  return world.names(text, expand(text, column), column);
}

function expand(text: string, column: number): string[] {
  try {
    return expandRange(text);
  } catch (error) {
    if (!(error instanceof HostRangeError)) throw error;
    throw new NodeSetError(error.message, column + error.column - 1);
  }
}

/** `node*`, `db?`, also beside ranges: `rack[1-2]n*`. */
function matching(text: string, column: number, world: NodeSetWorld): string[] {
  const wanted = expand(text, column).map(wildcard);
  const found = world.all(column).filter((name) => wanted.some((pattern) => pattern.test(name)));
  if (found.length === 0) throw new NodeSetError(`"${text}" matches no host`, column);
  return found;
}

/** A wildcard as shells have it, for a whole name; everything but `*` and `?` means itself. */
export function wildcard(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}
