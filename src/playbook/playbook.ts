import type { Value } from '../model/inventory.ts';
import type { Expression } from './expression.ts';
import type { Module } from './module.ts';
import type { YamlPath, YamlSource } from './yaml-source.ts';

/** One task as it is written; everything that depends on a host is still unrendered. */
export interface Task {
  readonly name: string;
  readonly module: Module;
  /** As written; a free-form command stands under its module's `freeForm` key. */
  readonly args: Readonly<Record<string, Value>>;
  readonly when: readonly Expression[];
  readonly loop: Value | undefined;
  readonly register: string | undefined;
  readonly notify: readonly string[];
  readonly tags: readonly string[];
  readonly vars: Readonly<Record<string, Value>>;
  /** Keeps arguments, results and diffs out of everything that is shown. */
  readonly noLog: boolean;
  readonly until: Expression | undefined;
  readonly retries: number;
  /** Seconds between two tries. */
  readonly delay: number;
  readonly changedWhen: readonly Expression[];
  readonly failedWhen: readonly Expression[];
  readonly ignoreErrors: boolean;
  readonly become: boolean | undefined;
  readonly source: YamlSource;
  readonly path: YamlPath;
  /** The path of the arguments: `[..., 'copy']`. */
  readonly argsPath: YamlPath;
}

export interface Play {
  readonly name: string;
  readonly hosts: string;
  readonly become: boolean;
  readonly vars: Readonly<Record<string, Value>>;
  /** Sizes of the batches, as numbers of hosts or percentages; the last one repeats. Empty: all hosts at once. */
  readonly serial: readonly (number | string)[];
  /** Hosts for which this is lower come first (false before true). */
  readonly orderBy: Expression | undefined;
  readonly tasks: readonly Task[];
  readonly handlers: readonly Task[];
  readonly tags: readonly string[];
  readonly source: YamlSource;
  readonly path: YamlPath;
}

export interface Playbook {
  readonly file: string;
  readonly plays: readonly Play[];
}

/** Names that tasks register: nobody knows their values before a host has answered. */
export function registeredNames(playbook: Playbook): ReadonlySet<string> {
  const tasks = playbook.plays.flatMap((play) => [...play.tasks, ...play.handlers]);
  return new Set(tasks.flatMap((task) => task.register ?? []));
}
