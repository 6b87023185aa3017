import { mkdirSync } from 'node:fs';
import type { Action, Outcome, ResourceEffect } from '../../core/resources/event.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import { agentCommand } from './agent-command.ts';
import { runAgent } from './agent-process.ts';
import { finishLeftovers, recordFile } from './leftovers.ts';
import { type AgentPlaces, agentPlaces, locateAgent } from './locate.ts';
import type { RunnableResource } from './runnable.ts';

export interface OperationsOptions {
  /** The resources of every group, in their order. */
  readonly groups: ReadonlyMap<GroupName, readonly RunnableResource[]>;
  readonly node: NodeName;
  /** ha.cf's `env` lines. */
  readonly environment: Readonly<Record<string, string>>;
  /** For records and output of what is under way; must survive musterd, and not the next boot. */
  readonly directory: string;
  readonly onDone: (id: number, outcome: Outcome) => void;
  readonly places?: AgentPlaces | undefined;
}

type Run = Extract<ResourceEffect, { type: 'run' }>;

/** Carries out what the core wants done with resources: one operation a resource at once, each in its own process group. */
export class ResourceOperations {
  readonly #options: OperationsOptions;
  readonly #places: AgentPlaces;
  readonly #running = new Map<number, { readonly action: Action; readonly abort: AbortController }>();
  /** By instance: resolves when the last operation that was asked for has ended. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#places = options.places ?? agentPlaces;
  }

  /**
   * Before anything is run: waits for what an earlier musterd had begun, at most for the longest time-out of all. Resolves
   * to the instances that were waited for; `onStuck` is told of one that does not even die.
   */
  async recover(onStuck?: (instance: string) => void): Promise<string[]> {
    const { directory, groups } = this.#options;
    for (const path of [directory, this.#places.state]) mkdirSync(path, { recursive: true, mode: 0o755 });
    const times = [...groups.values()].flat().flatMap(({ settings }) => [settings.startTimeout, settings.stopTimeout]);
    return finishLeftovers(directory, Math.max(0, ...times), onStuck);
  }

  /** Begins an operation once the one before it on the same resource has ended; `onDone` is told how it ended. */
  run({ id, group, index, action, timeout }: Run): void {
    const resource = this.#options.groups.get(group)?.[index];
    if (resource === undefined) throw new RangeError(`group ${group} has no resource ${index}`);
    const abort = new AbortController();
    this.#running.set(id, { action, abort });
    const before = this.#last.get(resource.instance) ?? Promise.resolve();
    const done = before.then(async () => {
      if (abort.signal.aborted) return;
      const outcome = await this.#perform(resource, action, timeout, abort.signal).catch(
        // The disk is full, there are no more processes: nothing was done, and musterd goes on.
        (error: Error): Outcome => ({ kind: 'failed', text: `it could not be run: ${error.message}` }),
      );
      if (this.#running.delete(id)) this.#options.onDone(id, outcome);
    });
    this.#last.set(resource.instance, done);
  }

  /** Stops a resource that is none of the configuration's; nothing else may be done to it meanwhile. */
  stopGone(resource: RunnableResource): Promise<Outcome> {
    return this.#perform(resource, 'stop', resource.settings.stopTimeout, new AbortController().signal).catch(
      (error: Error): Outcome => ({ kind: 'failed', text: `it could not be run: ${error.message}` }),
    );
  }

  /** Kills an operation; nothing is told of it any more. */
  cancel(id: number): void {
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.abort.abort();
  }

  /** At the end of musterd: looks are given up, while what is being started or stopped goes on, and is found by the next one. */
  stop(): void {
    for (const { action, abort } of this.#running.values())
      if (action === 'monitor' || action === 'probe') abort.abort();
    this.#running.clear();
  }

  async #perform(resource: RunnableResource, action: Action, timeout: number, signal: AbortSignal): Promise<Outcome> {
    const hasParameters = Object.keys(resource.parameters).length > 0;
    const located = locateAgent(resource.agent, this.#places, hasParameters);
    if (located.kind === 'missing') return { kind: 'unable', text: located.why };
    const agent =
      located.kind === 'ocf' ? { ...located, parameters: { ...located.parameters, ...resource.parameters } } : located;
    const { directory, node, environment } = this.#options;
    const interval = resource.settings.monitorInterval;
    const task = { instance: resource.instance, agent, action, timeout, interval, node, environment };
    const { read, ...command } = agentCommand(task, this.#places);
    const changes = action === 'start' || action === 'stop';
    const record = changes ? recordFile(directory, resource.instance) : undefined;
    return read(await runAgent(command, { timeout, signal, directory, record }));
  }
}
