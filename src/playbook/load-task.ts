import type * as z from 'zod';
import { nearest } from '../base/nearest.ts';
import type { Value } from '../model/inventory.ts';
import type { Fields } from './fields.ts';
import { findModule, moduleNames, nearestModule } from './known-modules.ts';
import type { Module } from './module.ts';
import { fail } from './modules/fail.ts';
import type { Task } from './playbook.ts';

const keywords = [
  'name',
  'when',
  'loop',
  'register',
  'notify',
  'tags',
  'vars',
  'no_log',
  'until',
  'retries',
  'delay',
  'changed_when',
  'failed_when',
  'ignore_errors',
  'become',
] as const;

/** One task or handler. Mistakes go to the fields' list; what comes back is then never run. */
export function readTask(fields: Fields): Task {
  if (!fields.isMap) fields.mistake([], 'Cannot read this as a task: it must be a map with the name of a module in it');
  const others = fields.keys().filter((key) => !(keywords as readonly string[]).includes(key));
  const moduleKey = others.find((key) => findModule(key) !== undefined);
  const module = moduleKey === undefined ? undefined : findModule(moduleKey);
  for (const key of others) {
    if (key !== moduleKey) unknownKey(fields, key, module);
  }
  if (fields.isMap && others.length === 0) {
    fields.mistake(
      [],
      'Cannot run this task as it must name a module: it names none',
      `known: ${moduleNames().join(', ')}`,
    );
  }
  const args = module === undefined ? {} : readArguments(fields, module, moduleKey!);
  return {
    name: fields.text('name') ?? moduleKey ?? '',
    module: module ?? fail,
    args,
    when: fields.expressions('when'),
    loop: fields.get('loop') as Value | undefined,
    register: fields.text('register'),
    notify: fields.texts('notify'),
    tags: fields.texts('tags'),
    vars: fields.map('vars') as Record<string, Value>,
    noLog: fields.flag('no_log') ?? false,
    until: fields.expression('until'),
    retries: fields.number('retries') ?? (fields.has('until') ? 3 : 0),
    delay: fields.number('delay') ?? 5,
    changedWhen: fields.expressions('changed_when'),
    failedWhen: fields.expressions('failed_when'),
    ignoreErrors: fields.flag('ignore_errors') ?? false,
    become: fields.flag('become'),
    source: fields.source,
    path: fields.path,
    argsPath: [...fields.path, moduleKey ?? 'name'],
  };
}

function unknownKey(fields: Fields, key: string, module: Module | undefined): void {
  const near = nearest(key, keywords) ?? (module === undefined ? nearestModule(key) : undefined);
  const what = module === undefined ? `no module "${key}" is known` : `it is unknown beside "${module.name}"`;
  const hint = near === undefined ? undefined : `did you mean "${near}"?`;
  fields.keyMistake(key, `Cannot use "${key}" as a task must know it: ${what}`, hint);
}

/** The arguments as written. What is no template yet is checked against the schema now, the rest when it is rendered. */
function readArguments(fields: Fields, module: Module, key: string): Readonly<Record<string, Value>> {
  const value = fields.get(key);
  if (typeof value === 'string' && module.freeForm !== undefined) return { [module.freeForm]: value };
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    fields.mistake([key], `Cannot read the arguments of "${module.name}": they must be a map`);
    return {};
  }
  const known = Object.keys(module.schema.shape);
  for (const name of Object.keys(value as object)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?`;
    fields
      .below([key])
      .keyMistake(name, `Cannot use argument "${name}" as "${module.name}" must know it: it is unknown`, hint);
  }
  return value as Record<string, Value>;
}

/** Checks rendered arguments; tells each mistake with the path of the argument. */
export function checkArguments(
  module: Module,
  args: unknown,
  mistake: (path: readonly (string | number)[], message: string) => void,
): Record<string, unknown> | undefined {
  const checked = (module.schema as z.ZodObject).safeParse(args);
  if (checked.success) return checked.data;
  for (const issue of checked.error.issues) {
    const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
    const name = path.length === 0 ? 'these arguments' : `argument "${path.join('.')}"`;
    mistake(path, `Cannot use ${name} of "${module.name}": ${issue.message}`);
  }
  return undefined;
}
