/**
 * A cluster played through in memory: every voter runs the same `step` as on its machine, the network delivers at once
 * and in order, kernels acknowledge at once, and time is a number that jumps from event to event. Nothing is drawn at
 * random, so the same cluster and the same faults always give the same outcome. `what-if` and `explain` ask it about
 * clusters that need not exist; the simulation of the tests is the one that is unkind.
 */
import type { Cluster } from '../model/cluster.ts';
import type { GroupName, NodeName } from '../model/names.ts';
import { describe, type View } from './describe.ts';
import type { Decision, Effect } from './effect.ts';
import type { Event } from './event.ts';
import type { OwnerRecords } from './fencing/owner-record.ts';
import { storeOf } from './members.ts';
import { createNode, type NodeState, step, wakeAt } from './node.ts';
import { failbackDelay } from './placement.ts';
import type { StoreAnswer, StoreRecord, StoreWrite } from './store-record.ts';

/** Milliseconds that a datagram and a kernel's receipt take. */
const wireTime = 0.2;
const kernelTime = 0.1;

const phases = { run: 'running', stop: 'stopped', wait: 'stopped', leave: 'left' } as const;

interface Actor {
  readonly name: NodeName;
  state: NodeState;
  alive: boolean;
  /** What is on its disk. */
  owners: OwnerRecords | undefined;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly to: Actor;
  /** Undefined for a tick that the actor asked for. */
  readonly event: Event | undefined;
  readonly from: NodeName | undefined;
}

/** The lease store as one register that answers at once; it has no step of its own. */
interface Register {
  readonly name: NodeName;
  alive: boolean;
  readonly records: Map<GroupName, { readonly version: string; readonly record: StoreRecord }>;
  versions: number;
}

/** A decision of one node, and when; milliseconds since the start of the rehearsal. */
export interface RehearsedDecision extends Decision {
  readonly at: number;
  readonly by: NodeName;
}

export class Rehearsal {
  readonly #cluster: Cluster;
  readonly #actors = new Map<NodeName, Actor>();
  readonly #cuts = new Set<string>();
  readonly #decisions: RehearsedDecision[] = [];
  readonly #doubled = new Set<GroupName>();
  readonly #store: Register | undefined;
  #queue: Due[] = [];
  #order = 0;
  #starts = 0;
  #now = 0;

  /**
   * All voters start in one instant, those of `absent` stay off. Throws RangeError where the core would refuse the
   * cluster (no such voter, a lease that leaves nothing for the gate).
   */
  constructor(cluster: Cluster, absent: readonly NodeName[] = []) {
    this.#cluster = cluster;
    const store = storeOf(cluster);
    if (store !== undefined) this.#store = { name: store, alive: true, records: new Map(), versions: 0 };
    const voters = [...cluster.nodes, ...cluster.arbiters.map(({ name }) => name)];
    for (const [index, name] of voters.entries()) {
      const state = createNode(cluster, name, optionsOf(index), 0);
      this.#actors.set(name, { name, state, alive: !absent.includes(name), owners: undefined });
    }
    for (const actor of this.#actors.values()) this.#begin(actor);
  }

  /** Whether devices do at once what they are asked for, or always fail. */
  fencingWorks = true;

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  get decisions(): readonly RehearsedDecision[] {
    return this.#decisions;
  }

  /** Groups that two nodes held in one instant: a broken rule, so none. */
  get doubled(): ReadonlySet<GroupName> {
    return this.#doubled;
  }

  /** Long enough for everything that has to happen by itself: first takeovers, silence over, failbacks. */
  settle(): void {
    const { timings, nodes } = this.#cluster;
    const some = this.#actors.values().next().value!;
    const starting = this.#now === 0 ? timings.initdead + 600 * nodes.length + 1000 : 0;
    const { delays = {}, randomDelay = 0 } = this.#cluster.fencing ?? {};
    const fencing = nodes.length === 2 ? 4000 : 0;
    const shooting = randomDelay + Math.max(fencing, ...Object.values(delays));
    this.run(starting + 2 * failbackDelay(some.state) + 2 * timings.deadtime + 6 * timings.lease + shooting);
  }

  /** Lets this many milliseconds pass. */
  run(span: number): void {
    const end = this.#now + span;
    for (let next = this.#queue[0]; next !== undefined && next.at <= end; next = this.#queue[0]) {
      this.#pop();
      this.#now = Math.max(this.#now, next.at);
      this.#deliver(next);
    }
    this.#now = end;
  }

  /** The machine, or the lease store, is gone from one instant to the next. */
  kill(name: NodeName): void {
    if (name === this.#store?.name) this.#store.alive = false;
    else this.#actor(name).alive = false;
  }

  /** A machine that was gone, or absent so far, starts: it knows nothing of before. */
  start(name: NodeName): void {
    const actor = this.#actor(name);
    this.#starts++;
    const options = optionsOf([...this.#actors.keys()].indexOf(name), 1 + this.#starts);
    actor.state = createNode(this.#cluster, name, { ...options, owners: actor.owners }, this.#now);
    actor.alive = true;
    this.#begin(actor);
  }

  /** Nothing runs on a machine that has just started. */
  #begin(actor: Actor): void {
    this.#schedule(actor, this.#now, { type: 'tick' });
    for (const { name, resources } of actor.state.groups.values())
      if (resources !== undefined)
        this.#receipt(actor, {
          type: 'resources',
          group: name,
          phase: 'stopped',
          dirty: false,
          barred: undefined,
          answers: 0,
        });
  }

  /** What the clocks on the nodes' walls say. */
  tellTime(minuteOfWeek: number): void {
    for (const actor of this.#actors.values()) this.#schedule(actor, this.#now, { type: 'clock', minuteOfWeek });
  }

  /** Nothing gets from one to the other any more, in either direction. */
  cut(left: NodeName, right: NodeName): void {
    if (left === right) return;
    this.#cuts.add(`${left} ${right}`);
    this.#cuts.add(`${right} ${left}`);
  }

  isAlive(name: NodeName): boolean {
    return this.#actor(name).alive;
  }

  /** What a node that lives knows now. */
  view(name: NodeName): View {
    return describe(this.#actor(name).state, this.#now);
  }

  /** The nodes on which the group's gate is open now: one or none, unless a rule is broken. */
  holders(group: GroupName): NodeName[] {
    return this.#cluster.nodes.filter((name) => {
      const { alive, state } = this.#actor(name);
      const claim = state.groups.get(group)?.claim;
      return alive && claim?.phase === 'holding' && claim.gateOpen && this.#now < claim.leaseEnd;
    });
  }

  #actor(name: NodeName): Actor {
    const actor = this.#actors.get(name);
    if (actor === undefined) throw new RangeError(`"${name}" is no voter of this cluster`);
    return actor;
  }

  #deliver({ to, event, from }: Due): void {
    if (!to.alive) return;
    if (event === undefined && this.#now < wakeAt(to.state)) return;
    if (from !== undefined && this.#cuts.has(`${from} ${to.name}`)) return;
    const { state, effects } = step(to.state, event ?? { type: 'tick' }, this.#now);
    to.state = state;
    for (const effect of effects) this.#perform(to, effect);
    const wake = wakeAt(state);
    // Never at this same instant: made-up time has to pass, whatever a step asks for.
    if (Number.isFinite(wake)) this.#schedule(to, Math.max(wake, this.#now + kernelTime), undefined);
  }

  #perform(actor: Actor, effect: Effect): void {
    switch (effect.type) {
      case 'send': {
        const to = this.#actor(effect.to);
        const event: Event = {
          type: 'message',
          from: actor.name,
          link: 'rehearsal',
          epoch: effect.epoch,
          incarnation: actor.state.options.incarnation,
          message: effect.message,
        };
        if (to.alive) this.#schedule(to, this.#now + this.#travel(actor.name, to.name), event, actor.name);
        return;
      }
      case 'arm':
        this.#receipt(actor, { type: 'armed', token: effect.token, ok: true });
        return;
      case 'grant':
        this.#receipt(actor, { type: 'granted', token: effect.token, ok: true });
        return;
      case 'close':
        this.#receipt(actor, { type: 'closed', token: effect.token, ok: true });
        return;
      case 'storeRead':
        this.#ask(actor, effect.nonce, effect.groups, []);
        return;
      case 'storeWrite':
        this.#ask(
          actor,
          effect.nonce,
          effect.writes.map(({ group }) => group),
          effect.writes,
        );
        return;
      case 'persistEpoch':
        this.#receipt(actor, { type: 'epochPersisted', id: effect.id, ok: true });
        return;
      case 'persistOwners':
        actor.owners = effect.records;
        this.#receipt(actor, { type: 'ownersPersisted', id: effect.id, ok: true });
        return;
      case 'fence': {
        const { id, node } = effect;
        const ok = this.fencingWorks;
        if (ok) this.kill(node);
        this.#receipt(actor, { type: 'fenced', id, node, ok, why: ok ? 'it is off' : 'the device does not answer' });
        return;
      }
      // Agents that do as they are told.
      case 'want':
        this.#receipt(actor, {
          type: 'resources',
          group: effect.group,
          phase: phases[effect.wish],
          dirty: false,
          barred: undefined,
          answers: effect.id,
        });
        return;
      case 'decide':
        this.#note(actor, effect.decision);
        return;
      default:
        // What only the network or a person would see needs no answer.
        return;
    }
  }

  /** Each command of the store is done at once, and its answer takes a round trip. */
  #ask(actor: Actor, nonce: string, groups: readonly GroupName[], writes: readonly StoreWrite[]): void {
    const store = this.#store;
    if (store === undefined || !store.alive || this.#cuts.has(`${actor.name} ${store.name}`)) return;
    const answers = groups.map((group): StoreAnswer => {
      const write = writes.find((one) => one.group === group);
      const ok = write === undefined || write.expected === (store.records.get(group)?.version ?? '');
      if (write !== undefined && ok) store.records.set(group, { version: `${++store.versions}`, record: write.record });
      const found = store.records.get(group);
      return { group, ok, version: found?.version ?? '', record: found?.record };
    });
    this.#schedule(actor, this.#now + 2 * wireTime, { type: 'storeAnswer', nonce, ok: true, answers });
  }

  #note(actor: Actor, decision: Decision): void {
    this.#decisions.push({ ...decision, at: this.#now, by: actor.name });
    const { what, group } = decision;
    if (what === 'takeover' && group !== undefined && this.holders(group).length > 1) this.#doubled.add(group);
  }

  /** How long a datagram is under way: half of an arbiter's round trip, next to nothing between nodes. */
  #travel(from: NodeName, to: NodeName): number {
    const far = this.#cluster.arbiters.find(({ name }) => name === from || name === to);
    return far?.roundTrip === undefined ? wireTime : Math.max(wireTime, far.roundTrip / 2);
  }

  #receipt(actor: Actor, event: Event): void {
    this.#schedule(actor, this.#now + kernelTime, event);
  }

  /** Keeps the queue a binary heap by time; what has the same time comes in the order in which it was scheduled. */
  #schedule(to: Actor, at: number, event: Event | undefined, from?: NodeName): void {
    const heap = this.#queue;
    heap.push({ at, order: this.#order++, to, event, from });
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#queue;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ; ) {
      let child = 2 * index + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, heap[index]!)) return;
      [heap[index], heap[child]] = [heap[child]!, heap[index]!];
      index = child;
    }
  }
}

function isBefore(left: Due, right: Due): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

/** Seeds and incarnations that differ by node and are the same in every rehearsal. */
function optionsOf(index: number, start = 1): Parameters<typeof createNode>[2] {
  return {
    incarnation: `${start.toString(16).padStart(16, '0')}${(index + 1).toString(16).padStart(16, '0')}`,
    seed: [index + 1, 2 * index + 3, 5 * index + 7, 11 * index + 13],
    configHash: '',
    bundleHash: '',
    macs: {},
  };
}
