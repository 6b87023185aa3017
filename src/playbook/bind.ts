import { nearest } from '../base/nearest.ts';
import { badInput, type Mistake, Problem } from '../base/problem.ts';
import type { Host, Value } from '../model/inventory.ts';
import { type Expression, parseExpression } from './expression.ts';
import { ExpressionError } from './expression-tokens.ts';
import type { FactRequest } from './facts/fact.ts';
import type { InputFiles } from './input-files.ts';
import { isLate, LateValue } from './late.ts';
import { checkArguments } from './load-task.ts';
import { type Controller, InputError } from './module.ts';
import type { Play, Task } from './playbook.ts';
import type { SecretMask } from './secrets.ts';
import { renderTemplate, renderValue, TemplateError } from './template.ts';
import { hostScope, type Scope, type VariableSources } from './variables.ts';
import type { YamlPath } from './yaml-source.ts';

/** What binding tasks to hosts needs; the same for a whole run. */
export interface BindContext {
  readonly sources: VariableSources;
  readonly files: InputFiles;
  readonly secrets: SecretMask;
  readonly diff: boolean;
  readonly check: boolean;
  /** What is done once a run: by key. */
  readonly memo: Map<string, Promise<unknown>>;
}

/** One task on one host for one item of its loop. */
export interface Unit {
  readonly play: Play;
  readonly task: Task;
  readonly host: Host;
  /** Undefined where the task has no loop. */
  readonly item: { readonly value: unknown } | undefined;
}

/** A unit whose arguments are rendered and whose files are read. */
export interface Ready {
  readonly ready: unknown;
  readonly facts: readonly FactRequest[];
  /** True where some value in it is known only later; its facts may be asked for already. */
  readonly late: boolean;
}

export function scopeOf(context: BindContext, unit: Unit): Scope {
  const { host, play, task, item } = unit;
  const where = item === undefined ? { play, task } : { play, task, item: item.value };
  return hostScope(context.sources, host, where, (value, scope, owner, key) =>
    renderAt(owner.task ?? play, ['vars', key], value, scope),
  );
}

/** The units of a task on a host: one, or one for each item of its loop; undefined where the list is not known yet. */
export function unitsOf(context: BindContext, play: Play, task: Task, host: Host): readonly Unit[] | undefined {
  const whole: Unit = { play, task, host, item: undefined };
  if (task.loop === undefined) return [whole];
  const items = renderAt(task, ['loop'], task.loop, scopeOf(context, whole));
  if (isLate(items)) return undefined;
  if (!Array.isArray(items)) {
    throw badInput([
      { at: task.source.at([...task.path, 'loop']), message: 'Cannot loop as "loop" must be a list: it is not' },
    ]);
  }
  return items.map((value) => ({ ...whole, item: { value } }));
}

/** Whether all conditions hold; throws `LateValue` where that is not known yet, `badInput` where one has a mistake. */
export function holds(conditions: readonly Expression[], task: Task | Play, key: string, scope: Scope): boolean {
  return conditions.every((condition) => Boolean(evaluateAt(condition, task, key, scope)));
}

export function evaluateAt(condition: Expression, task: Task | Play, key: string, scope: Scope): unknown {
  try {
    return condition.evaluate(scope);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const near = error.unknownName === undefined ? undefined : nearest(error.unknownName, Object.keys(scope));
    const mistake: Mistake = {
      at: task.source.inside([...task.path, key], 1, error.column),
      message: `Cannot decide "${condition.text}": ${error.message}`,
      hint: near === undefined ? undefined : `did you mean "${near}"?`,
    };
    throw badInput([mistake]);
  }
}

/** Renders arguments and does the controller's side of the module. Rejects with `badInput`. */
export async function prepare(context: BindContext, unit: Unit): Promise<Ready> {
  const { task } = unit;
  const scope = scopeOf(context, unit);
  const args = renderAt(task, task.argsPath.slice(task.path.length), task.args, scope) as Record<string, unknown>;
  if (isLate(args)) return await prepareLate(context, unit, args, scope);
  return await prepareArguments(context, unit, args, scope);
}

async function prepareArguments(context: BindContext, unit: Unit, args: unknown, scope: Scope): Promise<Ready> {
  const { task } = unit;
  const mistakes: Mistake[] = [];
  const checked = checkArguments(task.module, args, (path, message) => {
    mistakes.push({ at: task.source.at([...task.argsPath, ...path]), message });
  });
  if (checked === undefined) throw badInput(mistakes);
  try {
    const ready =
      task.module.prepare === undefined
        ? checked
        : await task.module.prepare(checked as never, controllerFor(context, unit, scope));
    const late = isLate(ready);
    return { ready, facts: task.module.facts(ready as never).filter((request) => !isLate(request.key)), late };
  } catch (error) {
    if (error instanceof LateValue) return { ready: undefined, facts: [], late: true };
    if (!(error instanceof InputError)) throw error;
    const path: YamlPath = error.key === undefined ? task.argsPath : [...task.argsPath, error.key];
    throw badInput([
      { at: task.source.at(path), message: `Cannot use these arguments of "${task.module.name}": ${error.message}` },
    ]);
  }
}

/** With late values in them, arguments may still be complete enough to say which facts will be needed. */
async function prepareLate(context: BindContext, unit: Unit, args: unknown, scope: Scope): Promise<Ready> {
  try {
    return { ...(await prepareArguments(context, unit, args, scope)), late: true };
  } catch (error) {
    if (error instanceof Problem) return { ready: undefined, facts: [], late: true };
    throw error;
  }
}

function controllerFor(context: BindContext, unit: Unit, scope: Scope): Controller {
  const { file } = unit.task.source;
  return {
    scope,
    diff: context.diff && !unit.task.noLog,
    check: context.check,
    once: <T>(key: string, make: () => Promise<T>): Promise<T> => {
      const known = context.memo.get(key) ?? make();
      context.memo.set(key, known);
      return known as Promise<T>;
    },
    readFile: (name, folder) => context.files.find(file, name, folder),
    renderFile: async (name) => {
      const { path, content } = await context.files.find(file, name, 'templates');
      try {
        return renderTemplate(content.toString('utf8'), scope);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        const at = { file: path, line: error.line, column: error.column };
        throw badInput([{ at, message: `Cannot render for "${unit.host.name}": ${error.message}` }]);
      }
    },
    evaluate: (condition) => {
      try {
        return parseExpression(condition).evaluate(scope);
      } catch (error) {
        if (error instanceof ExpressionError) throw new InputError(`condition "${condition}": ${error.message}`);
        throw error;
      }
    },
    keepSecret: (text) => context.secrets.keep(text),
  };
}

function renderAt(owner: Task | Play, path: YamlPath, value: Value, scope: Scope): unknown {
  return renderValue(value, scope, (error, below) => {
    const at = owner.source.inside([...owner.path, ...path, ...below], error.line, error.column);
    throw badInput([{ at, message: `Cannot render this: ${error.message}` }]);
  });
}
