import { nearest } from '../base/nearest.ts';
import type { Mistake } from '../base/problem.ts';
import { type Expression, parseExpression } from './expression.ts';
import { ExpressionError } from './expression-tokens.ts';
import type { YamlPath, YamlSource } from './yaml-source.ts';

/**
 * Reads the keys of one map of a playbook by their types. What is wrong becomes a mistake with its place, and the
 * reading goes on, so that a person sees all mistakes at once.
 */
export class Fields {
  readonly source: YamlSource;
  readonly path: YamlPath;
  readonly value: unknown;
  readonly mistakes: Mistake[];

  constructor(source: YamlSource, path: YamlPath, value: unknown, mistakes: Mistake[]) {
    this.source = source;
    this.path = path;
    this.value = value;
    this.mistakes = mistakes;
  }

  get isMap(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }

  keys(): readonly string[] {
    return this.isMap ? Object.keys(this.value as object) : [];
  }

  has(key: string): boolean {
    return this.isMap && Object.hasOwn(this.value as object, key);
  }

  get(key: string): unknown {
    return this.has(key) ? (this.value as Record<string, unknown>)[key] : undefined;
  }

  below(path: readonly (string | number)[]): Fields {
    let value: unknown = this.value;
    for (const part of path) value = (value as Record<string | number, unknown>)[part];
    return new Fields(this.source, [...this.path, ...path], value, this.mistakes);
  }

  mistake(path: YamlPath, message: string, hint?: string): void {
    this.mistakes.push({ at: this.source.at([...this.path, ...path]), message, hint });
  }

  keyMistake(key: string, message: string, hint?: string): void {
    this.mistakes.push({ at: this.source.keyAt([...this.path, key]), message, hint });
  }

  /** Every other key is a mistake, with the nearest of the known ones. */
  only(known: readonly string[]): void {
    for (const key of this.keys()) {
      if (known.includes(key)) continue;
      const near = nearest(key, known);
      const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?`;
      this.keyMistake(key, `Cannot use key "${key}" as a play or task must know it: it is unknown`, hint);
    }
  }

  private typed<T>(key: string, type: string, check: (value: unknown) => boolean): T | undefined {
    const value = this.get(key);
    if (value === undefined || value === null) return undefined;
    if (check(value)) return value as T;
    this.mistake([key], `Cannot read "${key}" as ${type}: it is something else`);
    return undefined;
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    if (Array.isArray(value)) return undefined;
    return this.typed<string>(key, 'text', (seen) => typeof seen === 'string');
  }

  flag(key: string): boolean | undefined {
    return this.typed<boolean>(key, 'true or false', (seen) => typeof seen === 'boolean');
  }

  number(key: string): number | undefined {
    return this.typed<number>(key, 'a number that is not negative', (seen) => typeof seen === 'number' && seen >= 0);
  }

  list(key: string): readonly unknown[] {
    return this.typed<readonly unknown[]>(key, 'a list', Array.isArray) ?? [];
  }

  map(key: string): Readonly<Record<string, unknown>> {
    const isMap = (seen: unknown): boolean => typeof seen === 'object' && !Array.isArray(seen);
    return this.typed<Record<string, unknown>>(key, 'a map', isMap) ?? {};
  }

  /** A list of texts; a bare text is a list of one. */
  texts(key: string): readonly string[] {
    const value = this.get(key);
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    if (list.every((item) => typeof item === 'string')) return list;
    this.mistake([key], `Cannot read "${key}" as text or a list of texts: it is something else`);
    return [];
  }

  expression(key: string): Expression | undefined {
    return this.has(key) ? readExpression(this.source, [...this.path, key], this.get(key), this.mistakes) : undefined;
  }

  /** Conditions that must all hold. */
  expressions(key: string): readonly Expression[] {
    const value = this.get(key);
    if (!Array.isArray(value)) return this.expression(key) === undefined ? [] : [this.expression(key)!];
    return value.flatMap(
      (item, index) => readExpression(this.source, [...this.path, key, index], item, this.mistakes) ?? [],
    );
  }
}

/** A condition of a playbook, or a mistake at its place. */
export function readExpression(
  source: YamlSource,
  path: YamlPath,
  value: unknown,
  mistakes: Mistake[],
): Expression | undefined {
  if (typeof value === 'boolean') return parseExpression(String(value));
  if (typeof value !== 'string') {
    mistakes.push({ at: source.at(path), message: 'Cannot read this as a condition: it must be text' });
    return undefined;
  }
  try {
    return parseExpression(value);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const jinja = value.includes('{{') ? ' (conditions stand without braces)' : '';
    mistakes.push({
      at: source.inside(path, 1, error.column),
      message: `Cannot read condition "${value}": ${error.message}${jinja}`,
    });
    return undefined;
  }
}
