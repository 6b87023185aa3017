import { describe, describePeers, type PeersView, type View } from '../core/describe.ts';
import type { Effect } from '../core/effect.ts';
import type { VoterRecord } from '../core/epoch-state.ts';
import type { Event, OperatorCommand } from '../core/event.ts';
import type { OwnerRecords } from '../core/fencing/owner-record.ts';
import { inMaintenance } from '../core/maintenance.ts';
import type { Fenced, Message } from '../core/message.ts';
import { type NodeState, step, wakeAt } from '../core/node.ts';
import type { Order } from '../core/orders.ts';
import type { StoreAnswer, StoreWrite } from '../core/store-record.ts';
import type { GroupName, MacAddress, NodeName } from '../model/names.ts';
import { Delays } from './delays.ts';
import type { Journal } from './journal.ts';

/** What the loop has done for it: the drivers, each refusing after its deadline (monotonic milliseconds). */
export interface Machine {
  /** `epoch` is that of the voters by which this node counts. */
  send(to: NodeName, message: Message, epoch: number): void;
  /** Resolves when the record is on the disk to stay, to false where it may not be. */
  persistEpoch(record: VoterRecord): Promise<boolean>;
  persistOwners(records: OwnerRecords): Promise<boolean>;
  /** Resolves when the node is known to be off, or not; never rejects. `why` says how it is known, or why it is not. */
  fence(node: NodeName, why: string): Promise<{ readonly ok: boolean; readonly why: string }>;
  /** Keeps in mind who is off, over a restart of musterd in this boot. */
  noteFenced(fenced: readonly Fenced[]): void;
  /** Keeps what operators ordered for the next start; whether that worked is the journal's. */
  persistOrders(orders: readonly Order[]): void;
  arm(token: number, groups: readonly GroupName[], lifetime: number, deadline: number): Promise<boolean>;
  grant(token: number, groups: readonly GroupName[], deadline: number): Promise<boolean>;
  close(
    groups: readonly GroupName[],
    pass?: { readonly to: NodeName; readonly lifetime: number; readonly token: number },
  ): Promise<boolean>;
  acceptPassed(from: NodeName, groups: readonly GroupName[], lifetime: number, deadline: number): void;
  hold(groups: readonly GroupName[]): void;
  /** A peer came or went: its MAC counts in the gate, and its real server in the balancer. */
  follow(view: PeersView): void;
  announce(groups: readonly GroupName[]): void;
  /** What failed of this group on this machine is forgotten. */
  forgetFailures(group: GroupName): void;
  /** Reject where the lease store cannot be had, or there is none. */
  readStore(groups: readonly GroupName[]): Promise<readonly StoreAnswer[]>;
  writeStore(writes: readonly StoreWrite[]): Promise<readonly StoreAnswer[]>;
  /** What the resources of a group are to do from now on. */
  want(wanted: Omit<Extract<Effect, { type: 'want' }>, 'type'>): void;
  /** Resolves to who answers for each group that somebody answers for. */
  probe(groups: readonly GroupName[]): Promise<readonly { readonly group: GroupName; readonly by: MacAddress }[]>;
}

/** What a message takes here, and by how much it may come late without being taken for missing; milliseconds. */
const afterMessage = 2;

export interface Reply {
  readonly ok: boolean;
  readonly text: string;
}

/** Carries events to the core and its effects to the drivers; the one place that has the state and the core's timer. */
export class Loop {
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #now: () => number;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  readonly #waiting: Event[] = [];
  #state: NodeState;
  #stepping = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #lastId = 0;
  #stopped = false;
  #steppedAt = Number.NEGATIVE_INFINITY;
  /** By how much timers came late, and how long the kernel took to arm: who renews too late wants to know where the time went. */
  readonly #late: Delays;
  readonly #arming: Delays;

  constructor(state: NodeState, machine: Machine, journal: Journal, now: () => number) {
    this.#state = state;
    this.#machine = machine;
    this.#journal = journal;
    this.#now = now;
    this.#late = new Delays(state.lease);
    this.#arming = new Delays(state.lease);
  }

  /** The first tick; nothing is decided before it. */
  start(): void {
    this.dispatch({ type: 'tick' });
  }

  dispatch(event: Event): void {
    if (this.#stopped) return;
    this.#waiting.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
    this.#setTimer();
  }

  /** An operator's command; resolves to the core's reply. */
  ask(command: OperatorCommand): Promise<Reply> {
    this.#lastId++;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
      this.dispatch({ type: 'operator', id, command });
    });
  }

  /** Monotonic milliseconds of the last step: a loop that is well takes one every keepalive. */
  get steppedAt(): number {
    return this.#steppedAt;
  }

  view(): View {
    return describe(this.#state, this.#now());
  }

  peers(): PeersView {
    return describePeers(this.#state, this.#now());
  }

  inMaintenance(): boolean {
    return inMaintenance(this.#state, this.#state.self);
  }

  /** Whether this node has asked to be fenced, and has not taken that back. */
  wantsFencing(): boolean {
    return this.#state.fenceWanted.size > 0;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const resolve of this.#replies.values()) resolve({ ok: false, text: 'musterd ends' });
    this.#replies.clear();
  }

  #step(event: Event): void {
    this.#steppedAt = this.#now();
    const { state, effects } = step(this.#state, event, this.#steppedAt);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  /**
   * One timer. It is set anew only for an earlier time: Node would wake up at the old time all the same. Rounded up, as a
   * timer that comes a fraction early finds nothing to do, and costs an awakening.
   */
  #setTimer(): void {
    const at = wakeAt(this.#state);
    if (at >= this.#timerAt || this.#stopped) return;
    this.#wakeUpAt(at, this.#now());
  }

  #wakeUpAt(at: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(at - now)));
  }

  /**
   * Where messages put off what a tick is for, over and over, each tick finds nothing to do. Then the next one comes right
   * after the next message, while this process is awake anyway and its memory in the caches; never later than is needed.
   */
  #wake(): void {
    const now = this.#now();
    this.#late.note(now - this.#timerAt, now);
    const at = wakeAt(this.#state);
    if (now >= at) {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.dispatch({ type: 'tick' });
      return;
    }
    const following = this.#steppedAt + this.#state.cluster.timings.keepalive + afterMessage;
    this.#wakeUpAt(following > now ? Math.min(at, following) : at, now);
  }

  #perform(effect: Effect): void {
    const late = 'deadline' in effect && this.#now() > effect.deadline;
    switch (effect.type) {
      case 'send':
        this.#machine.send(effect.to, effect.message, effect.epoch);
        return;
      case 'persistEpoch':
        void this.#machine
          .persistEpoch(effect.record)
          .then((ok) => this.dispatch({ type: 'epochPersisted', id: effect.id, ok }));
        return;
      case 'persistOwners':
        void this.#machine
          .persistOwners(effect.records)
          .then((ok) => this.dispatch({ type: 'ownersPersisted', id: effect.id, ok }));
        return;
      case 'fence': {
        const { id, node, why } = effect;
        void this.#machine.fence(node, why).then((outcome) => this.dispatch({ type: 'fenced', id, node, ...outcome }));
        return;
      }
      case 'noteFenced':
        this.#machine.noteFenced(effect.fenced);
        return;
      case 'persistOrders':
        this.#machine.persistOrders(effect.orders);
        return;
      case 'forgetFailures':
        this.#machine.forgetFailures(effect.group);
        return;
      case 'arm':
        this.#arm(effect);
        return;
      case 'grant':
        void this.#machine
          .grant(effect.token, effect.groups, effect.deadline)
          .then((ok) => this.dispatch({ type: 'granted', token: effect.token, ok }));
        return;
      case 'close':
        this.#close(effect);
        return;
      case 'acceptPassed':
        this.#machine.acceptPassed(effect.from, effect.groups, effect.lifetime, effect.deadline);
        return;
      case 'hold':
        this.#machine.hold(effect.groups);
        return;
      case 'storeRead':
        this.#store(effect.nonce, late, () => this.#machine.readStore(effect.groups));
        return;
      case 'storeWrite':
        this.#store(effect.nonce, late, () => this.#machine.writeStore(effect.writes));
        return;
      case 'want':
        this.#machine.want(effect);
        return;
      case 'announce':
        if (!late) this.#machine.announce(effect.groups);
        return;
      case 'probeAddress':
        if (!late) this.#probe(effect.groups);
        return;
      case 'followPeers':
        this.#machine.follow(this.peers());
        return;
      case 'decide': {
        const { what, why, group, node: peer, device, how } = effect.decision;
        // `node` is who writes the line.
        const whom = { ...(group && { group }), ...(peer && { peer }), ...(device && { device }), ...(how && { how }) };
        this.#journal.say(what, why, isTooLate(what) ? { ...whom, ...this.#delays() } : whom);
        return;
      }
      case 'reply':
        this.#replies.get(effect.id)?.({ ok: effect.ok, text: effect.text });
        this.#replies.delete(effect.id);
        return;
    }
  }

  #arm({ token, groups, lifetime, deadline }: Extract<Effect, { type: 'arm' }>): void {
    const since = this.#now();
    void this.#machine.arm(token, groups, lifetime, deadline).then((ok) => {
      const now = this.#now();
      this.#arming.note(now - since, now);
      this.dispatch({ type: 'armed', token, ok });
    });
  }

  #delays(): { readonly timerLateMs: number; readonly armTookMs: number } {
    const now = this.#now();
    return { timerLateMs: this.#late.longest(now), armTookMs: this.#arming.longest(now) };
  }

  #close({ token, groups, passTo, passFor, passToken }: Extract<Effect, { type: 'close' }>): void {
    const pass =
      passTo === undefined || passFor === undefined || passToken === undefined
        ? undefined
        : { to: passTo, lifetime: passFor, token: passToken };
    void this.#machine.close(groups, pass).then((ok) => this.dispatch({ type: 'closed', token, ok }));
  }

  /** Nothing is asked after its deadline; why a store does not answer is told by the store itself. */
  #store(nonce: string, late: boolean, ask: () => Promise<readonly StoreAnswer[]>): void {
    const asked = late ? Promise.reject(new Error('too late')) : ask();
    void asked.then(
      (answers) => this.dispatch({ type: 'storeAnswer', nonce, ok: true, answers }),
      () => this.dispatch({ type: 'storeAnswer', nonce, ok: false, answers: [] }),
    );
  }

  #probe(groups: readonly GroupName[]): void {
    void this.#machine.probe(groups).then((answers) => {
      for (const { group, by } of answers) this.dispatch({ type: 'addressTaken', group, by });
    });
  }
}

const isTooLate = (what: string): boolean => what === 'renewed-late' || what === 'lost';
