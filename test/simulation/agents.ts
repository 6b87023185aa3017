import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Event } from '../../src/core/event.ts';
import type { Action, Outcome, ResourceEffect, ResourceEvent, Wish } from '../../src/core/resources/event.ts';
import { failuresIn, recallFailures, whyBarred } from '../../src/core/resources/failures.ts';
import type { GroupSetup, ResourceState } from '../../src/core/resources/state.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** How a resource answers an action for a while: what it says, what it does, and how long it takes; `hangs`: it never answers. */
export interface Behaviour {
  readonly says?: Outcome['kind'] | undefined;
  /** What is really so afterwards; undefined: as an honest agent would have it. */
  readonly does?: 'run' | 'stop' | 'nothing' | undefined;
  readonly takes?: number | undefined;
  readonly hangs?: boolean | undefined;
}

interface Trouble {
  readonly group: number;
  readonly resource: number;
  readonly action: Action;
  readonly behaviour: Behaviour;
}

/** An agent that runs: a process of its own, which musterd's end does not end. */
interface Operation {
  readonly life: number;
  readonly id: number;
  readonly group: string;
  readonly key: string;
  readonly action: Action;
  readonly endsAt: number;
  killed: boolean;
}

/** What an agent that is well takes at most, in milliseconds. */
const usual = 30;

/**
 * The resources of one machine, as they really are, and musterd's machine of them. Agents fail, hang and lie as the plan
 * has it. What runs goes with the power; what a musterd had under way when it was killed is waited for by the next one.
 */
export class SimulatedAgents {
  /** What really runs: group and place, `web1 0`. */
  readonly runs = new Set<string>();
  /** Of these, what musterd was told to be stopped. */
  readonly lied = new Set<string>();
  readonly troubles = new Set<Trouble>();
  /** Of what runs, what nobody had started. */
  readonly #conjured = new Set<string>();
  readonly #world: World;
  /** A source of its own: what agents draw and what the network draws does not mix. */
  readonly #random: Random;
  readonly #machine: Machine;
  readonly #setups: readonly GroupSetup[];
  readonly #operations = new Set<Operation>();
  #state: ResourceState;
  #ready = false;
  #early = new Map<string, () => void>();
  #wishes = new Map<string, number>();
  #told = new Map<string, string>();
  #wake = Number.POSITIVE_INFINITY;

  constructor(world: World, machine: Machine, setups: readonly GroupSetup[]) {
    this.#world = world;
    this.#random = seededRandom(world.plan.seed ^ ((machine.index + 1) * 0x51ed270));
    this.#machine = machine;
    this.#setups = setups;
    this.#state = world.core.createResources(setups);
  }

  /** The plug: nothing runs any more, and nothing is under way. */
  powerOff(): void {
    this.runs.clear();
    this.#conjured.clear();
    this.lied.clear();
    for (const operation of this.#operations) operation.killed = true;
    this.#operations.clear();
    this.#state = this.#world.core.createResources(this.#setups);
  }

  /** A musterd starts: when what the last one had begun has ended, it looks at everything. */
  start(): void {
    // How often what has failed outlives musterd, and not the boot.
    const failures = failuresIn(this.#state);
    this.#state = this.#world.core.createResources(this.#setups);
    recallFailures(this.#state, failures);
    this.#ready = false;
    this.#early = new Map();
    this.#wishes = new Map();
    this.#told = new Map();
    this.#wake = Number.POSITIVE_INFINITY;
    const begun = [...this.#operations].filter(({ action }) => action === 'start' || action === 'stop');
    const at = Math.max(this.#world.now, ...begun.map(({ endsAt }) => endsAt)) + 1;
    this.#process(at, () => {
      this.#ready = true;
      this.#happens({ type: 'tick' });
      for (const late of this.#early.values()) late();
    });
  }

  want(group: string, wish: Wish, urgently: boolean, id: number): void {
    this.#world.note(() => `${this.#machine.name} wants ${group} to ${wish}${urgently ? ' urgently' : ''}`);
    const want = (): void => {
      this.#wishes.set(group, id);
      this.#happens({ type: 'want', group, wish, urgently });
    };
    if (this.#ready) want();
    else this.#early.set(group, want);
  }

  /** It ends by itself, and nobody is told. */
  crash(group: string, index: number): void {
    this.runs.delete(`${group} ${index}`);
  }

  /** An operator looks twice for what is stuck, and has mended it. */
  mend(): void {
    for (const wait of [20, 1500])
      this.#process(this.#world.now + wait, () => {
        for (const { name } of this.#setups) if (this.isStuck(name)) this.#happens({ type: 'clear', group: name });
      });
  }

  /** Whether this node may run the group, by its failures and by what it can stop. */
  mayRun(group: string): boolean {
    const managed = this.#state.groups.get(group);
    return managed !== undefined && whyBarred(managed) === undefined && managed.phase !== 'stuck';
  }

  /**
   * Whether anything of a group runs here, or is about to. Nobody can know of what an agent has sworn to be stopped, or
   * prevent what one starts that was only asked to look.
   */
  hasSome(group: string): boolean {
    if (this.runningOf(group).some((key) => !this.#conjured.has(key))) return true;
    for (const operation of this.#operations)
      if (operation.group === group && operation.action === 'start') return true;
    return false;
  }

  /** Whether musterd knows that it cannot stop something of a group. */
  isStuck(group: string): boolean {
    return this.#state.groups.get(group)?.phase === 'stuck';
  }

  /** What of a group really runs here although nobody was lied to about it. */
  runningOf(group: string): string[] {
    return [...this.runs].filter((key) => key.startsWith(`${group} `) && !this.lied.has(key));
  }

  /** Work of musterd's own process: it waits while that is stopped, and goes with it. */
  #process(at: number, apply: () => void): void {
    this.#world.at(at, this.#machine.index, { type: 'process', life: this.#machine.life, apply });
  }

  #happens(event: ResourceEvent): void {
    const machine = this.#machine;
    for (const effect of this.#world.core.stepResources(this.#state, event, machine.local(this.#world.now)))
      this.#carryOut(effect);
    for (const group of this.#state.groups.values()) {
      const standing: Omit<Extract<Event, { type: 'resources' }>, 'type' | 'group'> = {
        phase: group.phase,
        dirty: group.resources.some(({ run }) => run === 'dirty'),
        barred: whyBarred(group),
        answers: this.#wishes.get(group.name) ?? 0,
      };
      const text = JSON.stringify(standing);
      if (this.#told.get(group.name) === text) continue;
      if (this.#told.get(group.name)?.includes('barred') !== text.includes('barred')) this.#world.caused();
      this.#told.set(group.name, text);
      const happened: Event = { type: 'resources', group: group.name, ...standing };
      this.#world.at(this.#world.now + 0.05, machine.index, { type: 'event', life: machine.life, event: happened });
    }
    this.#setTimer();
  }

  #setTimer(): void {
    const { wake } = this.#state;
    if (wake === Number.POSITIVE_INFINITY) {
      this.#wake = wake;
      return;
    }
    const at = Math.max(this.#world.now + 0.5, Math.ceil(this.#machine.trueTime(wake)));
    if (at === this.#wake) return;
    this.#wake = at;
    this.#process(at, () => {
      if (this.#wake === at) {
        this.#wake = Number.POSITIVE_INFINITY;
        this.#happens({ type: 'tick' });
      }
    });
  }

  #carryOut(effect: ResourceEffect): void {
    const world = this.#world;
    if (effect.type === 'run') this.#begin(effect);
    else if (effect.type === 'cancel') {
      for (const operation of this.#operations)
        if (operation.life === this.#machine.life && operation.id === effect.id) {
          operation.killed = true;
          this.#operations.delete(operation);
        }
    } else if (effect.type === 'fence') {
      const event: Event = { type: 'fenceWanted', group: effect.group, why: effect.why };
      world.at(world.now + 0.05, this.#machine.index, { type: 'event', life: this.#machine.life, event });
    } else if (effect.type !== 'phase') world.note(() => `${this.#machine.name} ${effect.group}: ${effect.why}`);
  }

  #begin({ id, group, index, action, timeout }: Extract<ResourceEffect, { type: 'run' }>): void {
    const world = this.#world;
    const machine = this.#machine;
    const key = `${group} ${index}`;
    for (const checker of world.checkers) checker.agentBegins?.(world, machine, group, key, action);
    const behaviour = this.#behaviour(group, index, action);
    const takes =
      behaviour.hangs === true ? Number.POSITIVE_INFINITY : (behaviour.takes ?? this.#random.next() * usual);
    const late = takes >= timeout;
    const endsAt = world.now + machine.trueSpan(Math.min(takes, timeout));
    const operation: Operation = { life: machine.life, id, group, key, action, endsAt, killed: false };
    this.#operations.add(operation);
    world.note(() => `${machine.name} ${action} ${key}`);
    const { boot } = machine;
    // What it does is done somewhere before its end: an agent that is killed may have done it.
    const doneAt = world.now + (endsAt - world.now) * this.#random.next();
    let outcome: Outcome | undefined;
    const does = (): void => {
      if (outcome !== undefined || operation.killed) return;
      outcome = this.#carryThrough(key, action, late ? { ...behaviour, says: 'timedOut' } : behaviour);
    };
    world.at(doneAt, machine.index, { type: 'kernel', boot, apply: does });
    const end = (): void => {
      // After a freeze what waited wakes up in any order; an agent does what it does before it ends.
      does();
      if (!this.#operations.delete(operation) || operation.life !== machine.life || outcome === undefined) return;
      const said = outcome;
      if (said.kind !== 'ok') world.note(() => `${machine.name} ${action} ${key}: ${said.kind}`);
      this.#process(world.now + 0.1, () => this.#happens({ type: 'done', id, outcome: said }));
    };
    world.at(endsAt + 0.01, machine.index, { type: 'kernel', boot, apply: end });
  }

  #behaviour(group: string, index: number, action: Action): Behaviour {
    if (this.#world.healed) return {};
    for (const trouble of this.troubles)
      if (`web${trouble.group + 1}` === group && trouble.resource === index && trouble.action === action)
        return trouble.behaviour;
    return {};
  }

  #carryThrough(key: string, action: Action, { says, does }: Behaviour): Outcome {
    const look = action === 'monitor' || action === 'probe';
    const honest: Outcome['kind'] = look && !this.runs.has(key) ? 'notRunning' : 'ok';
    const kind = says ?? honest;
    const done = does ?? (kind !== 'ok' || look ? 'nothing' : action === 'start' ? 'run' : 'stop');
    if (done === 'run' && !this.runs.has(key) && action !== 'start') this.#conjured.add(key);
    if (done === 'stop' || action === 'start') this.#conjured.delete(key);
    if (done === 'run') this.runs.add(key);
    if (done === 'stop') this.runs.delete(key);
    const saysStopped =
      kind === 'notRunning' || (action === 'stop' && kind === 'ok') || (action === 'probe' && kind === 'unable');
    if (saysStopped && this.runs.has(key)) this.lied.add(key);
    if (!this.runs.has(key) || (look && kind === 'ok')) this.lied.delete(key);
    return { kind, text: `it says ${kind}` };
  }
}
