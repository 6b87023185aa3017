/**
 * The conditions of a playbook (`when`, `until`, `changed_when`, `assert`, `order_by`): a small part of CEL, the Common
 * Expression Language (cel-spec, "Language Definition"):
 *
 *     literals      1  2.5  "text"  'text'  true  false  null  ["a", "b"]
 *     values        node.name   groups["web"]   results[0].rc
 *     operators     ! -   * / %   + -   < <= > >= == != in   &&   ||   a ? b : c
 *     functions     has(a.b)   size(x)   string(x)   int(x)   x.contains(y)   x.startsWith(y)   x.endsWith(y)   x.matches(re)
 *                   list.all(v, condition)   list.exists(v, condition)   list.filter(v, condition)   list.map(v, value)
 *
 * `and`, `or`, `not` and `x is defined` are read as their CEL forms, since an Ansible user writes them by habit.
 * An unknown name is an error, as everywhere; `has(name)` asks whether there is one.
 */
import { functions, methods, operators } from './expression-functions.ts';
import { ExpressionError, type Token, tokenize } from './expression-tokens.ts';
import { LateValue, late } from './late.ts';

export interface Expression {
  readonly text: string;
  /** Throws `ExpressionError` where a name is unknown, `LateValue` where the value is not known yet. */
  evaluate(scope: Readonly<Record<string, unknown>>): unknown;
}

type Scope = Readonly<Record<string, unknown>>;
type Evaluate = (scope: Scope) => unknown;
/** Parses a condition; throws `ExpressionError` with the column of the mistake. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(tokenize(text));
  const evaluate = parser.whole();
  return { text, evaluate: (scope) => known(evaluate(scope)) };
}

const words: Record<string, string> = { and: '&&', or: '||', not: '!' };
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

class Parser {
  private index = 0;
  private readonly tokens: readonly Token[];
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  whole(): Evaluate {
    const evaluate = this.ternary();
    const rest = this.peek();
    if (rest.kind !== 'end') throw new ExpressionError(`"${rest.text}" was not expected here`, rest.column);
    return evaluate;
  }

  private peek(): Token {
    const token = this.tokens[this.index]!;
    const word = token.kind === 'name' ? words[token.text] : undefined;
    return word === undefined ? token : { kind: 'operator', text: word, column: token.column };
  }

  private take(text?: string): Token {
    const token = this.peek();
    if (text !== undefined && token.text !== text) {
      const seen = token.kind === 'end' ? 'the end' : `"${token.text}"`;
      throw new ExpressionError(`"${text}" was expected, and ${seen} is there`, token.column);
    }
    this.index++;
    return token;
  }

  private is(...texts: readonly string[]): boolean {
    const token = this.peek();
    return token.kind !== 'string' && texts.includes(token.text);
  }

  private ternary(): Evaluate {
    const condition = this.binary(0);
    if (!this.is('?')) return condition;
    this.take('?');
    const yes = this.ternary();
    this.take(':');
    const no = this.ternary();
    return (scope) => (truth(condition(scope)) ? yes(scope) : no(scope));
  }

  private binary(level: number): Evaluate {
    const operators = levels[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      if (level === 2 && this.is('is')) {
        left = this.isDefined(left);
      } else if (this.is(...operators)) {
        left = operate(this.take().text, left, this.binary(level + 1));
      } else {
        return left;
      }
    }
  }

  /** Ansible's `x is defined` and `x is not defined`. */
  private isDefined(value: Evaluate): Evaluate {
    this.take('is');
    const negated = this.is('!');
    if (negated) this.take('!');
    const word = this.take();
    if (word.text !== 'defined') {
      throw new ExpressionError(`"is ${word.text}" is a test of Jinja; only "is defined" is known`, word.column);
    }
    return (scope) => exists(value, scope) !== negated;
  }

  private unary(): Evaluate {
    if (this.is('!')) {
      this.take();
      const value = this.unary();
      return (scope) => !truth(value(scope));
    }
    if (this.is('-')) {
      this.take();
      const value = this.unary();
      return (scope) => -Number(value(scope));
    }
    return this.member();
  }

  private member(): Evaluate {
    let value = this.primary();
    for (;;) {
      if (this.is('.')) {
        this.take();
        const name = this.take();
        if (name.kind !== 'name') throw new ExpressionError('a name was expected after the dot', name.column);
        value = this.is('(') ? this.method(value, name) : property(value, () => name.text, name.column);
      } else if (this.is('[')) {
        const { column } = this.take();
        const key = this.ternary();
        this.take(']');
        value = property(value, (scope) => key(scope) as string | number, column);
      } else {
        return value;
      }
    }
  }

  private method(value: Evaluate, name: Token): Evaluate {
    this.take('(');
    if (['all', 'exists', 'filter', 'map'].includes(name.text)) {
      const variable = this.take().text;
      this.take(',');
      const body = this.ternary();
      this.take(')');
      return (scope) =>
        macro(name.text, list(value(scope), name.column), (item) => body({ ...scope, [variable]: item }));
    }
    const argument = this.ternary();
    this.take(')');
    const method = methods[name.text];
    if (method === undefined) throw new ExpressionError(`no method "${name.text}" is known`, name.column);
    return (scope) => method(known(value(scope)), known(argument(scope)));
  }

  private primary(): Evaluate {
    const token = this.take();
    if (token.kind === 'number') return () => Number(token.text);
    if (token.kind === 'string') return () => token.text;
    if (token.text === '(') {
      const value = this.ternary();
      this.take(')');
      return value;
    }
    if (token.text === '[') return this.listLiteral();
    if (token.kind !== 'name') {
      const seen = token.kind === 'end' ? 'the condition ends' : `"${token.text}" is there`;
      throw new ExpressionError(`a value was expected, and ${seen}`, token.column);
    }
    if (['true', 'false', 'null'].includes(token.text)) return () => JSON.parse(token.text);
    if (this.is('(')) return this.call(token);
    return (scope) => {
      if (!Object.hasOwn(scope, token.text)) {
        throw new ExpressionError(`"${token.text}" is not defined`, token.column, token.text);
      }
      return scope[token.text];
    };
  }

  private listLiteral(): Evaluate {
    const items: Evaluate[] = [];
    while (!this.is(']')) {
      items.push(this.ternary());
      if (!this.is(']')) this.take(',');
    }
    this.take(']');
    return (scope) => items.map((item) => item(scope));
  }

  private call(name: Token): Evaluate {
    this.take('(');
    const argument = this.ternary();
    this.take(')');
    if (name.text === 'has') return (scope) => exists(argument, scope);
    const call = functions[name.text];
    if (call === undefined) throw new ExpressionError(`no function "${name.text}" is known`, name.column);
    return (scope) => call(known(argument(scope)));
  }
}

function known(value: unknown): unknown {
  if (value === late) throw new LateValue();
  return value;
}

function truth(value: unknown): boolean {
  const seen = known(value);
  return Array.isArray(seen) ? seen.length > 0 : Boolean(seen);
}

function list(value: unknown, column: number): readonly unknown[] {
  const seen = known(value);
  if (Array.isArray(seen)) return seen;
  if (typeof seen === 'object' && seen !== null) return Object.keys(seen);
  throw new ExpressionError('a list was expected before this', column);
}

function macro(name: string, items: readonly unknown[], body: (item: unknown) => unknown): unknown {
  if (name === 'all') return items.every((item) => truth(body(item)));
  if (name === 'exists') return items.some((item) => truth(body(item)));
  return name === 'filter' ? items.filter((item) => truth(body(item))) : items.map(body);
}

function exists(value: Evaluate, scope: Scope): boolean {
  try {
    return known(value(scope)) !== undefined;
  } catch (error) {
    if (error instanceof ExpressionError && error.unknownName !== undefined) return false;
    throw error;
  }
}

function property(value: Evaluate, key: (scope: Scope) => string | number, column: number): Evaluate {
  return (scope) => {
    const holder = known(value(scope));
    const name = known(key(scope)) as string | number;
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) {
      throw new ExpressionError(`"${name}" is not defined in what stands before it`, column, String(name));
    }
    return (holder as Record<string | number, unknown>)[name];
  };
}

function operate(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === '&&') return (scope) => truth(left(scope)) && truth(right(scope));
  if (operator === '||') return (scope) => truth(left(scope)) || truth(right(scope));
  const compute = operators[operator]!;
  return (scope) => compute(known(left(scope)), known(right(scope)));
}
