import Handlebars from 'handlebars';
import { nearest } from '../base/nearest.ts';
import { late } from './late.ts';

/** A mistake in a template; line and column count from 1, in the template's own text. */
export class TemplateError extends Error {
  readonly line: number;
  readonly column: number;
  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

interface Location {
  readonly start: { readonly line: number; readonly column: number };
}

/**
 * Handlebars of our own: strict (an unknown name is an error, also as the subject of a block), nothing escaped (these are
 * configuration files, not HTML), and no helpers but the four blocks: if, unless, each, with.
 */
const engine = Handlebars.create();
for (const name of ['if', 'unless', 'each', 'with'] as const) {
  const original = engine.helpers[name]!;
  engine.unregisterHelper(name);
  engine.registerHelper(name, function (this: unknown, subject: unknown, options: Handlebars.HelperOptions) {
    if (subject === undefined && (name === 'each' || name === 'with')) {
      const at = (options as unknown as { loc: Location }).loc.start;
      throw new TemplateError(`the subject of "${name}" is not defined`, at.line, at.column + 1);
    }
    if (subject === late && name === 'each') return String(late);
    return original.call(this, subject, options);
  });
}
for (const name of ['log', 'lookup', 'helperMissing', 'blockHelperMissing']) engine.unregisterHelper(name);

const compileOptions = { strict: true, noEscape: true, knownHelpersOnly: true, preventIndent: true } as const;

/** Renders a template's text; throws `TemplateError` with the place of the mistake. */
export function renderTemplate(text: string, scope: Readonly<Record<string, unknown>>): string {
  try {
    return engine.compile(parse(text), compileOptions)(scope);
  } catch (error) {
    throw asTemplateError(error, text, scope);
  }
}

/**
 * A string of a playbook as the value that it stands for: `{{path}}` alone gives that value itself (a list stays a
 * list), anything else gives text.
 */
export function renderString(text: string, scope: Readonly<Record<string, unknown>>): unknown {
  if (!text.includes('{{')) {
    refuseJinja(text);
    return text;
  }
  const path = solePath(text);
  if (path === undefined) return renderTemplate(text, scope);
  let value: unknown = scope;
  for (const part of path.parts) {
    if (value === late) return late;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) {
      throw undefinedName(part, path.original, value ?? scope, path.line, path.column);
    }
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

interface SolePath {
  readonly parts: readonly string[];
  readonly original: string;
  readonly line: number;
  readonly column: number;
}

function solePath(text: string): SolePath | undefined {
  const program = parse(text);
  const statement = program.body[0];
  if (program.body.length !== 1 || statement?.type !== 'MustacheStatement') return undefined;
  const { path, params } = statement as hbs.AST.MustacheStatement;
  if (path.type !== 'PathExpression' || params.length > 0) return undefined;
  const { parts, original, loc, depth, data } = path as hbs.AST.PathExpression;
  if (depth > 0 || data) return undefined;
  return { parts, original, line: loc.start.line, column: loc.start.column + 1 };
}

const parsed = new Map<string, hbs.AST.Program>();

function parse(text: string): hbs.AST.Program {
  refuseJinja(text);
  const known = parsed.get(text);
  if (known !== undefined) return known;
  try {
    const program = engine.parse(text) as hbs.AST.Program;
    parsed.set(text, program);
    return program;
  } catch (error) {
    throw asTemplateError(error, text, {});
  }
}

/** Jinja's own constructs are named as such: whoever comes from Ansible writes them first. */
function refuseJinja(text: string): void {
  const match = /\{%-?\s*(\w+)|\{\{[^}|"']*(\|)\s*(\w+)/.exec(text);
  if (match === null) return;
  const before = text.slice(0, match.index).split('\n');
  const inside = match[2] === undefined ? 0 : match[0].indexOf('|');
  const what =
    match[2] === undefined
      ? `"{% ${match[1]} %}" is Jinja; here it is a block of Handlebars: {{#if x}}, {{#unless x}}, {{#each list}}, {{#with x}}`
      : `"| ${match[3]}" is a filter of Jinja; templates here have none: put the value into a variable`;
  throw new TemplateError(what, before.length, before.at(-1)!.length + inside + 1);
}

function asTemplateError(error: unknown, text: string, scope: Readonly<Record<string, unknown>>): TemplateError {
  if (error instanceof TemplateError) return error;
  const { message, lineNumber, column } = error as Error & { lineNumber?: number; column?: number };
  const missing = /^"(.+?)" not defined in/.exec(message);
  if (missing !== null) return undefinedName(missing[1]!, missing[1]!, scope, lineNumber ?? 1, (column ?? 0) + 1);
  const helper = /unknown helper (\S+)/.exec(message);
  if (helper !== null) {
    return new TemplateError(
      `no helper "${helper[1]}" is known (known: each, if, unless, with)`,
      lineNumber ?? 1,
      (column ?? 0) + 1,
    );
  }
  const parsing = /Parse error on line (\d+):\n(.*)\n(-*)\^\n?(.*)/s.exec(message);
  if (parsing !== null) {
    const line = Number(parsing[1]);
    // Handlebars shows only the last 20 characters before the mistake, behind three dots.
    const shown = parsing[2]!.replace(/^\.\.\./, '');
    const begin = Math.max(0, (text.split('\n')[line - 1] ?? '').indexOf(shown));
    const dots = parsing[2]!.startsWith('...') ? 3 : 0;
    return new TemplateError(
      `this is no template: ${parsing[4]!.replaceAll("'", '').split(', got')[0]}`,
      line,
      begin + parsing[3]!.length - dots + 1,
    );
  }
  const broken = firstBroken(text, scope);
  if (broken !== undefined) return broken;
  return new TemplateError(message.replace(/ - \d+:\d+$/, ''), lineNumber ?? 1, (column ?? 0) + 1);
}

/** Handlebars checks only the last part of a path: this finds the first `{{a.b.c}}` outside of loops whose `a` or `b` is missing. */
function firstBroken(text: string, scope: Readonly<Record<string, unknown>>): TemplateError | undefined {
  const search = (program: hbs.AST.Program): TemplateError | undefined => {
    for (const statement of program.body) {
      if (statement.type === 'BlockStatement') {
        const { path, program: inner, inverse } = statement as hbs.AST.BlockStatement;
        const name = (path as hbs.AST.PathExpression).original;
        const below = name === 'if' || name === 'unless' ? [inner, inverse] : [];
        const found = below
          .map((part) => (part === undefined ? undefined : search(part)))
          .find((error) => error !== undefined);
        if (found !== undefined) return found;
      } else if (statement.type === 'MustacheStatement') {
        const { path } = statement as hbs.AST.MustacheStatement;
        if (path.type !== 'PathExpression') continue;
        const { parts, original, loc, data, depth } = path as hbs.AST.PathExpression;
        if (data || depth > 0) continue;
        let value: unknown = scope;
        for (const part of parts) {
          if (value === late) break;
          if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) {
            return undefinedName(part, original, value, loc.start.line, loc.start.column + 1);
          }
          value = (value as Record<string, unknown>)[part];
        }
      }
    }
    return undefined;
  };
  return parsed.has(text) ? search(parsed.get(text)!) : undefined;
}

function undefinedName(name: string, whole: string, holder: unknown, line: number, column: number): TemplateError {
  const known = typeof holder === 'object' && holder !== null ? Object.keys(holder) : [];
  const near = nearest(name, known);
  const suggestion = near === undefined ? '' : ` (did you mean "${near}"?)`;
  const inside = whole === name ? '' : ` in "${whole}"`;
  return new TemplateError(`"${name}"${inside} is not defined${suggestion}`, line, column);
}

/** Renders every string in a value of a playbook. `onError` is told the path below the value, and gets the error. */
export function renderValue(
  value: unknown,
  scope: Readonly<Record<string, unknown>>,
  onError: (error: TemplateError, path: readonly (string | number)[]) => never,
  path: readonly (string | number)[] = [],
): unknown {
  if (typeof value === 'string') {
    try {
      return renderString(value, scope);
    } catch (error) {
      if (error instanceof TemplateError) onError(error, path);
      throw error;
    }
  }
  if (Array.isArray(value)) return value.map((item, index) => renderValue(item, scope, onError, [...path, index]));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, renderValue(item, scope, onError, [...path, key])]),
    );
  }
  return value;
}
