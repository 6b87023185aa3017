import type { GroupPhase, Outcome, ResourceEffect, ResourceEvent, Wish } from '../../core/resources/event.ts';
import { whyBarred } from '../../core/resources/failures.ts';
import { createResources, type GroupSetup, type ManagedGroup, type ResourceState } from '../../core/resources/state.ts';
import { stepResources } from '../../core/resources/step.ts';
import type { GroupName } from '../../model/names.ts';

export interface KeeperOptions {
  readonly groups: readonly GroupSetup[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly run: (operation: Extract<ResourceEffect, { type: 'run' }>) => void;
  readonly cancel: (id: number) => void;
  /** What the rest of the node has to know: how far a group is, that it is given up, that the node has to be fenced. */
  readonly onPhase: (group: GroupName, phase: GroupPhase) => void;
  readonly onGiveUp: (group: GroupName, why: string) => void;
  readonly onFence: (group: GroupName, why: string) => void;
  readonly say: (group: GroupName, why: string) => void;
}

/** The longest that a timer of Node waits. */
const longestTimer = 2 ** 31 - 1;

/** Feeds the core's machine of resources with what happens, in the order in which it does, and has its wishes carried out. */
export class ResourceKeeper {
  readonly #options: KeeperOptions;
  readonly #state: ResourceState;
  readonly #waiting: ResourceEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stepping = false;
  #stopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#state = createResources(options.groups);
  }

  /** Looks at everything; nothing is started or stopped before somebody wants it. */
  start(): void {
    this.#happens({ type: 'tick' });
  }

  want(group: GroupName, wish: Wish, urgently = false): void {
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
    clearTimeout(this.#timer);
    const wait = this.#state.wake - this.#options.now();
    if (!this.#stopped && wait !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(
        () => this.#happens({ type: 'tick' }),
        Math.min(longestTimer, Math.max(1, Math.ceil(wait))),
      );
  }

  #carryOut(effect: ResourceEffect): void {
    const { run, cancel, onPhase, onGiveUp, onFence, say } = this.#options;
    if (effect.type === 'run') run(effect);
    else if (effect.type === 'cancel') cancel(effect.id);
    else if (effect.type === 'phase') onPhase(effect.group, effect.phase);
    else if (effect.type === 'giveUp') onGiveUp(effect.group, effect.why);
    else if (effect.type === 'fence') onFence(effect.group, effect.why);
    else say(effect.group, effect.why);
  }
}
