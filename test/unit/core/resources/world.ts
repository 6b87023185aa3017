import type {
  Action,
  GroupPhase,
  Outcome,
  ResourceEffect,
  ResourceEvent,
} from '../../../../src/core/resources/event.ts';
import { createResources, type GroupSetup, type ResourceState } from '../../../../src/core/resources/state.ts';
import { stepResources } from '../../../../src/core/resources/step.ts';
import { defaultResourceSettings, type ResourceSettings } from '../../../../src/model/resource-settings.ts';

/** How a made-up resource answers an action: what it says, what it does, and how long it takes; `hangs`: it never answers. */
export interface Behaviour {
  readonly says?: Outcome['kind'] | undefined;
  /** What is really so afterwards; undefined: as an honest agent would have it. */
  readonly does?: 'run' | 'stop' | 'nothing' | undefined;
  readonly takes?: number | undefined;
  readonly hangs?: boolean | undefined;
}

export type Script = (resource: string, action: Action, time: number) => Behaviour | undefined;

interface Running {
  readonly at: number;
  readonly name: string;
  readonly action: Action;
  readonly behaviour: Behaviour;
}

/**
 * One machine with resources that answer as a script says, and musterd's state machine on it. It keeps what is really so,
 * and a log in which one can read what was done: `10 start db`, `20 db: ok`.
 */
export class ResourceWorld {
  readonly #setups: readonly GroupSetup[];
  readonly #script: Script;
  readonly #liars: boolean;
  readonly #crashed = new Set<string>();
  readonly #operations = new Map<number, Running>();
  #state: ResourceState;
  now = 0;
  readonly log: string[] = [];
  /** The names of what runs, whoever believes it. */
  readonly runs = new Set<string>();
  readonly phases = new Map<string, GroupPhase>();
  readonly effects: ResourceEffect[] = [];
  /** What must never be, as it was seen. */
  readonly violations: string[] = [];

  /** `liars`: agents may say what is not so; then what they were believed for is no violation. */
  constructor(setups: readonly GroupSetup[], script: Script = () => undefined, liars = false) {
    this.#setups = setups;
    this.#script = script;
    this.#liars = liars;
    this.#state = createResources(setups);
  }

  get state(): ResourceState {
    return this.#state;
  }

  start(): this {
    return this.happens({ type: 'tick' });
  }

  /** musterd is killed and starts again: it knows nothing, and whatever was under way was waited for or killed. */
  restart(): this {
    for (const { name, action, behaviour } of this.#operations.values()) this.#carryOut(name, action, behaviour);
    this.#operations.clear();
    this.#state = createResources(this.#setups);
    this.log.push(`${this.now} musterd starts again`);
    return this.start();
  }

  /** It ends by itself, and nobody is told. */
  crash(name: string): this {
    if (this.runs.delete(name)) this.#crashed.add(name);
    return this;
  }

  happens(event: ResourceEvent): this {
    for (const effect of stepResources(this.#state, event, this.now)) this.#take(effect);
    return this;
  }

  /** Lets time pass, event by event. */
  run(forMs: number): this {
    const end = this.now + forMs;
    for (;;) {
      const next = [...this.#operations].sort(([, left], [, right]) => left.at - right.at)[0];
      const at = Math.min(next?.[1].at ?? Number.POSITIVE_INFINITY, this.#state.wake);
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next[1].at <= this.now) this.#finish(next[0], next[1]);
      else this.happens({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  #take(effect: ResourceEffect): void {
    this.effects.push(effect);
    if (effect.type === 'cancel') this.#operations.delete(effect.id);
    else if (effect.type === 'phase') {
      this.phases.set(effect.group, effect.phase);
      this.log.push(`${this.now} ${effect.group} is ${effect.phase}`);
    } else if (effect.type === 'run') this.#begin(effect);
    else this.log.push(`${this.now} ${effect.type === 'say' ? '' : `${effect.type}: `}${effect.why}`);
  }

  #begin({ id, group, index, action, timeout }: Extract<ResourceEffect, { type: 'run' }>): void {
    const resources = this.#setups.find(({ name }) => name === group)!.resources;
    const { name } = resources[index]!;
    if ([...this.#operations.values()].some((other) => other.name === name))
      this.violations.push(`${this.now} ${action} ${name} beside another operation on it`);
    const names = resources.map((resource) => resource.name);
    if (action === 'start' && !this.#liars) {
      const missing = names.slice(0, index).find((before) => !this.runs.has(before) && !this.#crashed.has(before));
      if (missing !== undefined) this.violations.push(`${this.now} ${name} starts before ${missing} runs`);
      if (this.runs.has(name)) this.violations.push(`${this.now} ${name} starts twice`);
    }
    if (action === 'stop' && !this.#liars) {
      const left = names.slice(index + 1).find((after) => this.runs.has(after));
      if (left !== undefined) this.violations.push(`${this.now} ${name} stops before ${left}`);
    }
    this.log.push(`${this.now} ${action} ${name}`);
    const behaviour = this.#script(name, action, this.now) ?? {};
    const takes = behaviour.hangs === true ? timeout : (behaviour.takes ?? 10);
    const late = takes >= timeout;
    const kept: Behaviour = late ? { ...behaviour, says: 'timedOut', does: behaviour.does ?? 'nothing' } : behaviour;
    this.#operations.set(id, { at: this.now + Math.min(takes, timeout), name, action, behaviour: kept });
  }

  #finish(id: number, { name, action, behaviour }: Running): void {
    this.#operations.delete(id);
    const said = this.#carryOut(name, action, behaviour);
    if (said.kind !== 'ok') this.log.push(`${this.now} ${name}: ${said.kind}`);
    this.happens({ type: 'done', id, outcome: said });
  }

  #carryOut(name: string, action: Action, { says, does }: Behaviour): Outcome {
    const look = action === 'monitor' || action === 'probe';
    const honest: Outcome['kind'] = look && !this.runs.has(name) ? 'notRunning' : 'ok';
    const kind = says ?? honest;
    const done = does ?? (kind !== 'ok' || look ? 'nothing' : action === 'start' ? 'run' : 'stop');
    if (done === 'run') this.runs.add(name);
    if (done === 'stop') this.runs.delete(name);
    return { kind, text: kind === 'timedOut' ? 'killed' : `it says ${kind}` };
  }
}

/** A group of resources by name, with the default settings but for what is said. */
export function setup(
  name: string,
  resources: readonly string[],
  settings: Partial<ResourceSettings> = {},
  needsFencing = false,
): GroupSetup {
  const all = { ...defaultResourceSettings, ...settings };
  return { name, needsFencing, resources: resources.map((resource) => ({ name: resource, settings: all })) };
}
