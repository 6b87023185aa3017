import type { GroupPhase, Outcome, ResourceEffect, ResourceEvent, Wish } from '../../core/resources/event.ts';
import { type Failures, failuresIn, recallFailures, whyBarred } from '../../core/resources/failures.ts';
import { createResources, type GroupSetup, type ManagedGroup, type ResourceState } from '../../core/resources/state.ts';
import { stepResources } from '../../core/resources/step.ts';
import type { GroupName } from '../../model/names.ts';
import type { ResourceStatus } from '../../wire/status.ts';

/** How a group stands, as its lease has to know it. */
export interface Standing {
  readonly phase: GroupPhase;
  /** Something of it may run in part. */
  readonly dirty: boolean;
  /** Why it may not run on this node for now, as the end of a sentence. */
  readonly barred: string | undefined;
  /** The id of the newest wish that this follows from. */
  readonly answers: number;
}

export interface KeeperOptions {
  readonly groups: readonly GroupSetup[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly run: (operation: Extract<ResourceEffect, { type: 'run' }>) => void;
  readonly cancel: (id: number) => void;
  /** Told after every wish, and on every change. */
  readonly onStanding: (group: GroupName, standing: Standing) => void;
  /** What a person has to know: that a group is given up, that the node has to be fenced. */
  readonly onGiveUp: (group: GroupName, why: string) => void;
  readonly onFence: (group: GroupName, why: string) => void;
  /** `failed`: a resource has failed, and somebody may want to be told. */
  readonly say: (group: GroupName, why: string, failed: boolean) => void;
  /** Those of before a restart, and where they are kept for the next one: told after everything that happens. */
  readonly failures?: { readonly found: readonly Failures[]; readonly keep: (failures: readonly Failures[]) => void };
}

/** The longest that a timer of Node waits. */
const longestTimer = 2 ** 31 - 1;

/** Feeds the core's machine of resources with what happens, in the order in which it does, and has its wishes carried out. */
export class ResourceKeeper {
  readonly #options: KeeperOptions;
  readonly #state: ResourceState;
  readonly #waiting: ResourceEvent[] = [];
  readonly #wishes = new Map<GroupName, number>();
  readonly #told = new Map<GroupName, string>();
  #timer: NodeJS.Timeout | undefined;
  #stepping = false;
  #stopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#state = createResources(options.groups);
    recallFailures(this.#state, options.failures?.found ?? []);
  }

  /** Looks at everything; nothing is started or stopped before somebody wants it. */
  start(): void {
    this.#happens({ type: 'tick' });
  }

  /** `id` says which wish an answer follows from. */
  want(group: GroupName, wish: Wish, urgently = false, id = 0): void {
    this.#wishes.set(group, id);
    this.#happens({ type: 'want', group, wish, urgently });
  }

  done(id: number, outcome: Outcome): void {
    this.#happens({ type: 'done', id, outcome });
  }

  /** Failures are forgotten, and what is stuck is looked at again. */
  clear(group: GroupName): void {
    this.#happens({ type: 'clear', group });
  }

  /** Nothing is decided any more; what runs stays as it is. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  phaseOf(group: GroupName): GroupPhase {
    return this.#group(group).phase;
  }

  /** Why the group may not run on this node for now, as the end of a sentence; undefined where it may. */
  whyBarred(group: GroupName): string | undefined {
    return whyBarred(this.#group(group));
  }

  /** Each of its resources, for people. */
  look(group: GroupName): ResourceStatus[] {
    return this.#group(group).resources.map(({ name, run, operation, stuck, failures, lastFailure, settings }) => ({
      name,
      state: stuck ? 'stuck' : run,
      doing: operation?.action ?? null,
      failures: Number.isFinite(failures) ? failures : null,
      lastFailure,
      migrationThreshold: settings.migrationThreshold,
    }));
  }

  /** The names of its resources with their failures, those that have some. */
  failures(group: GroupName): { readonly resource: string; readonly count: number; readonly last: string }[] {
    return this.#group(group).resources.flatMap(({ name, failures, lastFailure }) =>
      failures === 0 ? [] : [{ resource: name, count: failures, last: lastFailure }],
    );
  }

  #group(name: GroupName): ManagedGroup {
    const group = this.#state.groups.get(name);
    if (group === undefined) throw new RangeError(`no resource group ${name}`);
    return group;
  }

  /** What an effect brings about at once waits until all effects of its step are done. */
  #happens(event: ResourceEvent): void {
    this.#waiting.push(event);
    if (this.#stepping || this.#stopped) return;
    this.#stepping = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        for (const effect of stepResources(this.#state, next, this.#options.now())) this.#carryOut(effect);
    } finally {
      this.#stepping = false;
    }
    for (const group of this.#state.groups.values()) this.#tell(group);
    this.#options.failures?.keep(failuresIn(this.#state));
    clearTimeout(this.#timer);
    const wait = this.#state.wake - this.#options.now();
    if (!this.#stopped && wait !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(
        () => this.#happens({ type: 'tick' }),
        Math.min(longestTimer, Math.max(1, Math.ceil(wait))),
      );
  }

  #tell(group: ManagedGroup): void {
    const standing: Standing = {
      phase: group.phase,
      dirty: group.resources.some(({ run }) => run === 'dirty'),
      barred: whyBarred(group),
      answers: this.#wishes.get(group.name) ?? 0,
    };
    const text = JSON.stringify(standing);
    if (this.#told.get(group.name) === text) return;
    this.#told.set(group.name, text);
    this.#options.onStanding(group.name, standing);
  }

  #carryOut(effect: ResourceEffect): void {
    const { run, cancel, onGiveUp, onFence, say } = this.#options;
    if (effect.type === 'run') run(effect);
    else if (effect.type === 'cancel') cancel(effect.id);
    else if (effect.type === 'giveUp') onGiveUp(effect.group, effect.why);
    else if (effect.type === 'fence') onFence(effect.group, effect.why);
    else if (effect.type === 'say') say(effect.group, effect.why, effect.failed === true);
  }
}
