import { dirname, join } from 'node:path';
import { nearest } from '../base/nearest.ts';
import { badInput, type Mistake } from '../base/problem.ts';
import type { Value } from '../model/inventory.ts';
import { Fields } from './fields.ts';
import { readTask } from './load-task.ts';
import type { Play, Playbook, Task } from './playbook.ts';
import { readYaml } from './yaml-source.ts';

const playKeys = ['name', 'hosts', 'become', 'vars', 'serial', 'order_by', 'tasks', 'handlers', 'tags'] as const;

/**
 * Reads a playbook and all that it imports, and looks at everything that needs no host: structure, modules, arguments,
 * conditions, handlers. Rejects with `badInput` that names all mistakes at once, each with file:line:column.
 */
export async function loadPlaybook(file: string): Promise<Playbook> {
  const mistakes: Mistake[] = [];
  const plays = await loadPlays(file, mistakes, []);
  if (mistakes.length > 0) throw badInput(mistakes);
  return { file, plays };
}

async function loadPlays(file: string, mistakes: Mistake[], chain: readonly string[]): Promise<readonly Play[]> {
  const source = await readYaml(file);
  if (!Array.isArray(source.value)) {
    mistakes.push({ at: source.at([]), message: 'Cannot read this as a playbook: it must be a list of plays' });
    return [];
  }
  const plays: Play[] = [];
  for (const [index, value] of source.value.entries()) {
    const fields = new Fields(source, [index], value, mistakes);
    if (!fields.isMap) {
      fields.mistake([], 'Cannot read this as a play: it must be a map with "hosts" and "tasks"');
    } else if (fields.has('import_playbook')) {
      fields.only(['name', 'import_playbook', 'tags']);
      const name = fields.text('import_playbook') ?? '';
      const imported = join(dirname(file), name);
      if ([...chain, file].includes(imported)) {
        fields.mistake(['import_playbook'], `Cannot import "${name}" as no playbook may import itself: it does`);
      } else {
        plays.push(...(await loadPlays(imported, mistakes, [...chain, file])));
      }
    } else {
      plays.push(readPlay(fields));
    }
  }
  return plays;
}

function readPlay(fields: Fields): Play {
  fields.only(playKeys);
  const hosts = fields.text('hosts') ?? fields.texts('hosts').join(',');
  if (hosts === '') fields.mistake([], 'Cannot run this play as "hosts" must say where: it does not');
  const taskList = (key: 'tasks' | 'handlers'): readonly Task[] =>
    fields.list(key).map((_value, index) => readTask(fields.below([key, index])));
  const tasks = taskList('tasks');
  const handlers = taskList('handlers');
  checkHandlers(fields, tasks, handlers);
  return {
    name: fields.text('name') ?? hosts,
    hosts,
    become: fields.flag('become') ?? false,
    vars: fields.map('vars') as Record<string, Value>,
    serial: readSerial(fields),
    orderBy: fields.expression('order_by'),
    tasks,
    handlers,
    tags: fields.texts('tags'),
    source: fields.source,
    path: fields.path,
  };
}

function readSerial(fields: Fields): readonly (number | string)[] {
  const value = fields.get('serial');
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  list.forEach((size) => {
    const good = typeof size === 'number' ? Number.isInteger(size) && size > 0 : /^\d+%$/.test(String(size));
    if (!good) {
      fields.mistake(['serial'], 'Cannot batch by "serial" as it must be a number of hosts or a percentage as "30%"');
    }
  });
  return list as (number | string)[];
}

function checkHandlers(fields: Fields, tasks: readonly Task[], handlers: readonly Task[]): void {
  const known = handlers.map((handler) => handler.name);
  for (const task of tasks) {
    for (const name of task.notify) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      fields.mistakes.push({
        at: task.source.at([...task.path, 'notify']),
        message: `Cannot notify "${name}" as the play must have this handler: it has ${known.length === 0 ? 'none' : known.map((word) => `"${word}"`).join(', ')}`,
        hint: near === undefined ? undefined : `did you mean "${near}"?`,
      });
    }
  }
}
