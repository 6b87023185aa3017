import type { Event } from '../../core/event.ts';
import type { Action, GroupPhase, Outcome, ResourceEffect, Wish } from '../../core/resources/event.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import type { ResourceStatus } from '../../wire/status.ts';
import type { Journal } from '../journal.ts';
import { FailureFile } from './failure-file.ts';
import { ResourceKeeper } from './keeper.ts';
import type { AgentPlaces } from './locate.ts';
import { ResourceOperations } from './operations.ts';
import { groupSetups, type RunnableResource, runnableResources } from './runnable.ts';
import { StartedResources } from './started.ts';

/** What the core is told of resources. */
export type Told = Extract<Event, { type: 'resources' | 'fenceWanted' }>;

interface Parts {
  readonly cluster: Cluster;
  readonly self: NodeName;
  /** ha.cf's `env` lines. */
  readonly environment: Readonly<Record<string, string>>;
  /** For records of what is under way; must survive musterd, and not the next boot. */
  readonly directory: string;
  readonly journal: Journal;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told how the resources of each group stand, and that this node has to be fenced. */
  readonly dispatch: (event: Told) => void;
  readonly places?: AgentPlaces | undefined;
  /** Whether whatever runs is let alone. */
  readonly inMaintenance?: (() => boolean) | undefined;
}

interface Wanted {
  readonly group: GroupName;
  readonly wish: Wish;
  readonly urgently: boolean;
  readonly id: number;
}

interface Begun {
  readonly group: GroupName;
  readonly name: string;
  readonly action: Action;
  readonly at: number;
}

/** The resources that agents run on this node: what the core wants of them is carried out, and how they stand is told to it. */
export class NodeResources {
  readonly #parts: Parts;
  readonly #runnable: ReadonlyMap<GroupName, readonly RunnableResource[]>;
  readonly #operations: ResourceOperations;
  readonly #keeper: ResourceKeeper;
  readonly #started: StartedResources;
  readonly #newest = new Map<GroupName, number>();
  readonly #begun = new Map<number, Begun>();
  /** What was wanted before it was known what an earlier musterd had under way; undefined: that is known. */
  #early: Map<GroupName, Wanted> | undefined = new Map();

  constructor(parts: Parts) {
    const { cluster, self, environment, directory, journal, now, dispatch, places } = parts;
    this.#parts = parts;
    this.#runnable = runnableResources(cluster);
    this.#started = new StartedResources(directory);
    this.#operations = new ResourceOperations({
      groups: this.#runnable,
      node: self,
      environment,
      directory,
      places,
      onDone: (id, outcome) => this.#done(id, outcome),
    });
    const failed = new FailureFile(directory, this.#runnable, now);
    this.#keeper = new ResourceKeeper({
      groups: groupSetups(cluster, this.#runnable, self),
      now,
      run: (operation) => this.#run(operation),
      cancel: (id) => this.#cancel(id),
      onStanding: (group, standing) => {
        this.#noteStanding(group, standing.phase);
        dispatch({ type: 'resources', group, ...standing });
      },
      onGiveUp: (group, why) => journal.warn('gives-up', why, { group }),
      onFence: (group, why) => {
        journal.warn('fence-wanted', why, { group });
        dispatch({ type: 'fenceWanted', group, why });
      },
      say: (group, why, bad) =>
        bad ? journal.warn('resource-failed', why, { group }) : journal.say('resource', why, { group }),
      failures: {
        found: failed.found,
        keep: (failures) => this.#note('what fails', () => failed.write(failures)),
      },
    });
  }

  /** Waits for what an earlier musterd had begun, then looks at everything; nothing is done where agents run nothing. */
  async start(): Promise<void> {
    const { journal } = this.#parts;
    if (this.#started.isEmpty && [...this.#runnable.values()].every((list) => list.length === 0)) return;
    const stuck = (instance: string): void =>
      journal.warn(
        'resource',
        `${instance}: what the last musterd had begun with it cannot be killed: until it ends nothing is started here`,
      );
    const waited = await this.#operations.recover(stuck).catch((error: Error) => {
      journal.warn('resource', `whether anything was begun before is not known: ${error.message}`);
      return [];
    });
    for (const instance of waited)
      journal.say('resource', `${instance}: what the last musterd had begun with it has ended`);
    await this.#stopGone();
    const early = this.#early?.values() ?? [];
    this.#early = undefined;
    this.#keeper.start();
    for (const wanted of early) this.want(wanted);
  }

  /** What a musterd with another configuration had started, and this one knows nothing of: nobody else would ever stop it. */
  async #stopGone(): Promise<void> {
    const { journal, inMaintenance } = this.#parts;
    for (const { group, resource } of this.#started.leftBy(this.#runnable)) {
      const { name, instance } = resource;
      if (inMaintenance?.() === true) {
        journal.warn('resource', `${name}: it is not in the configuration any more, and is let alone in maintenance`, {
          group,
        });
        continue;
      }
      const { kind, text } = await this.#operations.stopGone(resource);
      if (kind === 'ok' || kind === 'notRunning') {
        this.#started.stopped(instance);
        journal.say('resource', `${name}: it is not in the configuration any more, and is stopped`, { group });
      } else
        journal.warn('resource', `${name}: it is not in the configuration any more, and cannot be stopped: ${text}`, {
          group,
        });
    }
  }

  /** The same once `ready` is, or after `patience`; not where something else is wanted by then. */
  wantAfter(ready: Promise<void>, wanted: Wanted): void {
    this.#newest.set(wanted.group, wanted.id);
    const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
    void Promise.race([ready, late])
      .catch(() => {})
      .then(() => {
        if (this.#newest.get(wanted.group) === wanted.id) this.want(wanted);
      });
  }

  want(wanted: Wanted): void {
    this.#newest.set(wanted.group, wanted.id);
    if (this.#early !== undefined) this.#early.set(wanted.group, wanted);
    else this.#keeper.want(wanted.group, wanted.wish, wanted.urgently, wanted.id);
  }

  /** Failures are forgotten, and what is stuck is looked at again. */
  clear(group: GroupName): void {
    this.#keeper.clear(group);
  }

  /** Nothing is decided any more. What runs goes on, and so does what is being started or stopped. */
  stop(): void {
    this.#keeper.stop();
    this.#operations.stop();
  }

  /**
   * The longest that stopping all of them may take, in milliseconds: groups stop beside each other, each in reverse; and one
   * after the other where an order between groups says so.
   */
  get stopPatience(): number {
    const times = [...this.#runnable.values()].map((list) =>
      list.reduce((sum, { settings }) => sum + settings.stopTimeout + killTime, 0),
    );
    const ordered = this.#parts.cluster.placement?.rules.some(({ kind }) => kind === 'order') === true;
    return ordered ? times.reduce((sum, time) => sum + time, 0) : Math.max(0, ...times);
  }

  status(group: GroupName): ResourceStatus[] {
    return this.#keeper.look(group);
  }

  #run(operation: Extract<ResourceEffect, { type: 'run' }>): void {
    const { id, group, index, action } = operation;
    const resource = this.#runnable.get(group)?.[index];
    const name = resource?.name ?? '';
    this.#begun.set(id, { group, name, action, at: this.#parts.now() });
    if (action === 'start' && resource !== undefined)
      this.#note('what is started', () => this.#started.begins(group, resource));
    if (action === 'start' || action === 'stop')
      this.#parts.journal.say('resource', `${name}: ${action === 'start' ? 'is started' : 'is stopped'}`, { group });
    this.#operations.run(operation);
  }

  /** What was found running is as good as started here. */
  #noteStanding(group: GroupName, phase: GroupPhase): void {
    for (const resource of this.#runnable.get(group) ?? []) {
      if (phase === 'running') this.#note('what is started', () => this.#started.begins(group, resource));
      else if (phase === 'stopped') this.#note('what is started', () => this.#started.stopped(resource.instance));
    }
  }

  /** Where it cannot be written down the resource runs all the same: the next musterd, or a changed configuration, may then forget it. */
  #note(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#parts.journal.warn('resource', `${what} is not written down: ${(error as Error).message}`);
    }
  }

  #cancel(id: number): void {
    const begun = this.#begun.get(id);
    this.#begun.delete(id);
    if (begun?.action === 'start' || begun?.action === 'stop')
      this.#parts.journal.say('resource', `${begun.name}: its ${begun.action} is broken off`, { group: begun.group });
    this.#operations.cancel(id);
  }

  #done(id: number, outcome: Outcome): void {
    const begun = this.#begun.get(id);
    this.#begun.delete(id);
    if (begun !== undefined && outcome.kind === 'ok' && (begun.action === 'start' || begun.action === 'stop')) {
      const took = Math.round(this.#parts.now() - begun.at);
      const word = begun.action === 'start' ? 'started' : 'stopped';
      this.#parts.journal.say('resource', `${begun.name}: ${word} in ${took} ms`, { group: begun.group, tookMs: took });
    }
    this.#keeper.done(id, outcome);
  }
}

/** For how long addresses are waited for: others may keep the kernel's lock for seconds. Milliseconds. */
const patience = 500;

/** From the end of a time-out to the end of the last of what was started. */
const killTime = 2000;
