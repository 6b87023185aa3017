import type * as z from 'zod';
import type { Value } from '../model/inventory.ts';
import type { FactReader, FactRequest } from './facts/fact.ts';

/** One piece of shell text that changes a host. It ends with 0, or the task has failed and nothing after it runs. */
export type Step =
  | {
      readonly kind: 'program';
      readonly program: string;
      /** What the program reads from its standard input, exactly these bytes. */
      readonly stdin?: Buffer | undefined;
    }
  /** Packages to install or remove: neighbours of this kind become one transaction, fed through the tunnel. */
  | { readonly kind: 'packages'; readonly install: readonly string[]; readonly remove: readonly string[] };

/** What a change does to a file's text or to a value, for `--diff`. */
export interface Diff {
  readonly title: string;
  readonly before: string;
  readonly after: string;
}

export interface StepOutput {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The dead man's undo of a change that can cut SSH: run by the node itself, unless it is disarmed in time. */
export interface Undo {
  readonly program: string;
  readonly afterSeconds: number;
}

export type Decision =
  /** `message`: what a person wants to know although all is well. */
  | { readonly outcome: 'ok'; readonly result?: Value; readonly message?: string }
  | { readonly outcome: 'skipped'; readonly message: string }
  | { readonly outcome: 'failed'; readonly message: string; readonly hint?: string; readonly result?: Value }
  | {
      readonly outcome: 'changed';
      readonly steps: readonly Step[];
      readonly diff?: readonly Diff[];
      /** Facts that are no longer true afterwards: `file:/etc/motd`, `unit:*`, or all of them. */
      readonly touches: readonly string[] | 'anything';
      /** What is registered: from the outputs of the steps. */
      readonly result?: (outputs: readonly StepOutput[]) => Value;
      /** Changes nothing that would have to be counted (a command that only asks). */
      readonly undo?: Undo;
    };

/** What a module may ask of the controller while it gets ready: no host is involved. */
export interface Controller {
  /** The file that `name` means beside the playbook; `folder` is looked into first. Rejects with `InputError`. */
  readFile(name: string, folder: 'files' | 'templates'): Promise<{ readonly path: string; readonly content: Buffer }>;
  /** Renders a template file with this host's variables. */
  renderFile(name: string): Promise<string>;
  evaluate(condition: string): unknown;
  /** Variables of this host. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** Marks text as secret from now on: it is masked wherever something is shown. */
  keepSecret(text: string): void;
  /** Does something once a run, for all hosts. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
  readonly diff: boolean;
  readonly check: boolean;
}

/** A mistake in the arguments of a task that its schema cannot see; `key` is the argument. */
export class InputError extends Error {
  readonly key: string | undefined;
  constructor(message: string, key?: string) {
    super(message);
    this.key = key;
  }
}

/**
 * A module in three parts: which *facts* it needs (they are asked for in one batch with those of other tasks), a pure
 * *decision* from arguments and facts, and the *changes* that the decision names as shell text.
 */
export interface Module {
  readonly name: string;
  readonly summary: string;
  readonly schema: z.ZodObject;
  /** The argument that a bare string stands for (`command: uptime`). */
  readonly freeForm?: string;
  /** The controller's side: reads files, renders templates. Its outcome goes to the other two. */
  readonly prepare?: (args: never, controller: Controller) => Promise<unknown>;
  readonly facts: (ready: never) => readonly FactRequest[];
  readonly decide: (ready: never, facts: FactReader) => Decision;
}

/** Holds the types of a module's three parts together, and then forgets them, so that all modules fit in one list. */
export function defineModule<Schema extends z.ZodObject, Ready = z.output<Schema>>(module: {
  readonly name: string;
  readonly summary: string;
  readonly schema: Schema;
  readonly freeForm?: string;
  readonly prepare?: (args: z.output<Schema>, controller: Controller) => Promise<Ready>;
  readonly facts: (ready: Ready) => readonly FactRequest[];
  readonly decide: (ready: Ready, facts: FactReader) => Decision;
}): Module {
  return module;
}
