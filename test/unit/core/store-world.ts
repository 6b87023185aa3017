import type { Effect } from '../../../src/core/effect.ts';
import type { Event } from '../../../src/core/event.ts';
import { createNode, type NodeState, step, wakeAt } from '../../../src/core/node.ts';
import type { StoreAnswer, StoreRecord, StoreWrite } from '../../../src/core/store-record.ts';
import type { Cluster } from '../../../src/model/cluster.ts';

/** A cluster of `nodes` whose leases of two seconds lie in etcd. */
export function storeCluster(nodes: number): Cluster {
  const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
  return {
    name: 'test',
    nodes: names,
    arbiters: [],
    links: [],
    udpPort: 694,
    timings: { keepalive: 120, deadtime: 300, warntime: 240, initdead: 600, lease: 2000 },
    autoFailback: false,
    noQuorum: 'stop',
    pingNodes: [],
    groups: [
      {
        name: 'web',
        preferred: 'node1',
        resources: [
          {
            kind: 'address',
            address: '10.0.0.100',
            prefix: 24,
            device: 'eth0',
            broadcast: undefined,
            label: undefined,
          },
        ],
      },
    ],
    services: [],
    driftBound: 0.001,
    store: { kind: 'etcd', endpoints: ['http://10.0.0.5:2379'] },
  } as unknown as Cluster;
}

/** A register that is replaced in one instant, whenever a request happens to arrive. */
export class Register {
  readonly #records = new Map<string, { version: number; record: StoreRecord }>();
  #revision = 0;
  writes = 0;

  read(group: string): StoreAnswer {
    const found = this.#records.get(group);
    return { group, ok: true, version: found === undefined ? '' : String(found.version), record: found?.record };
  }

  write({ group, expected, record }: StoreWrite): StoreAnswer {
    const now = this.read(group);
    if (now.version !== expected) return { ...now, ok: false };
    this.#revision++;
    this.writes++;
    this.#records.set(group, { version: this.#revision, record });
    return this.read(group);
  }

  remove(group: string): void {
    this.#records.delete(group);
  }
}

/** How long things take and what is lost; `random` gives numbers in [0, 1). */
export interface Conditions {
  readonly random: () => number;
  /** Until this moment requests and answers are lost, late, and kernels slow. */
  readonly troubleUntil: number;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

interface Machine {
  readonly name: string;
  state: NodeState;
  on: boolean;
  frozenUntil: number;
  kernelAt: number;
  reachesStore: boolean;
  reachesPeers: boolean;
  readonly armed: Map<number, number>;
  readonly granted: Map<string, number>;
}

/** Nodes, their kernels' gates and a store in a made-up time; checks after every event that at most one gate is open. */
export class StoreWorld {
  readonly register = new Register();
  readonly machines: Machine[];
  readonly told: string[] = [];
  now = 1000;
  longestGap = 0;
  readonly #cluster: Cluster;
  readonly #conditions: Conditions;
  readonly #queue: Happening[] = [];
  readonly #wakes = new Map<string, number>();
  #order = 0;

  constructor(cluster: Cluster, conditions: Conditions) {
    this.#cluster = cluster;
    this.#conditions = conditions;
    this.machines = cluster.nodes.map((name, index) => this.#boot(name, index + 1));
    for (const machine of this.machines) this.happen(machine, { type: 'tick' });
  }

  #boot(name: string, seed: number): Machine {
    const incarnation = (this.now * 16 + seed).toString(16).padStart(32, '0');
    const options = { incarnation, seed: [seed, 7, this.now, 9] as const, configHash: '', bundleHash: '', macs: {} };
    const state = createNode(this.#cluster, name, options, this.now);
    const flags = { on: true, frozenUntil: 0, kernelAt: 0, reachesStore: true, reachesPeers: true };
    return { name, state, ...flags, armed: new Map(), granted: new Map() };
  }

  restart(machine: Machine): void {
    machine.state = this.#boot(machine.name, machine.name.length).state;
    machine.granted.clear();
    machine.on = true;
    this.happen(machine, { type: 'tick' });
  }

  isOpen({ on, armed, granted }: Machine): boolean {
    const token = granted.get('web');
    return on && token !== undefined && this.now < (armed.get(token) ?? 0);
  }

  open(): string[] {
    return this.machines.filter((machine) => this.isOpen(machine)).map(({ name }) => name);
  }

  ask(machine: Machine, kind: 'standby' | 'online' | 'leave'): void {
    this.happen(machine, { type: 'operator', id: 1, command: { kind } });
  }

  at(at: number, run: () => void): void {
    this.#order++;
    this.#queue.push({ at, order: this.#order, run });
  }

  run(until: number): void {
    let openSince = this.now;
    for (;;) {
      let next: Happening | undefined;
      for (const item of this.#queue)
        if (next === undefined || item.at < next.at || (item.at === next.at && item.order < next.order)) next = item;
      if (next === undefined || next.at > until) break;
      this.#queue.splice(this.#queue.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.run();
      const open = this.open();
      if (open.length > 1) throw new Error(`${open.join(' and ')} are open at ${this.now}\n${this.told.join('\n')}`);
      if (open.length === 1) openSince = this.now;
      this.longestGap = Math.max(this.longestGap, this.now - openSince);
    }
    this.now = until;
  }

  happen(machine: Machine, event: Event): void {
    if (!machine.on) return;
    if (this.now < machine.frozenUntil) {
      this.at(machine.frozenUntil, () => this.happen(machine, event));
      return;
    }
    const { state, effects } = step(machine.state, event, this.now);
    machine.state = state;
    for (const effect of effects) this.#perform(machine, effect);
    const wake = wakeAt(state);
    if (wake < (this.#wakes.get(machine.name) ?? Number.POSITIVE_INFINITY)) {
      this.#wakes.set(machine.name, wake);
      this.at(Math.max(wake, this.now + 0.01), () => {
        if (this.#wakes.get(machine.name) === wake) this.#wakes.delete(machine.name);
        this.happen(machine, { type: 'tick' });
      });
    }
  }

  /** Mostly quick; in trouble now and then late by up to three seconds, or never (undefined). */
  #delay(usual: number, canBeLost: boolean): number | undefined {
    const { random, troubleUntil } = this.#conditions;
    const quick = usual * (0.5 + random());
    if (this.now >= troubleUntil || random() < 0.8) return quick;
    if (canBeLost && random() < 0.5) return undefined;
    return quick + random() * 3000;
  }

  #perform(machine: Machine, effect: Effect): void {
    const born = machine.state;
    const answer = (event: Event, after: number): void =>
      this.at(this.now + after, () => {
        if (machine.state.options.incarnation === born.options.incarnation) this.happen(machine, event);
      });
    const kernel = (run: () => boolean, event: (ok: boolean) => Event, canBeLate: boolean): void => {
      const after = canBeLate ? this.#delay(0.5, false)! : 0.2;
      // One pipe: what is written later is applied later.
      machine.kernelAt = Math.max(machine.kernelAt + 0.001, this.now + after);
      this.at(machine.kernelAt, () => machine.on && answer(event(run()), 0.1));
    };
    switch (effect.type) {
      case 'send': {
        const to = this.machines.find(({ name }) => name === effect.to);
        const after = this.#delay(0.3, true);
        if (to === undefined || after === undefined || !machine.reachesPeers || !to.reachesPeers) return;
        const event: Event = { type: 'message', from: machine.name, link: 'eth0', message: effect.message };
        this.at(this.now + after, () => this.happen(to, event));
        return;
      }
      case 'arm': {
        const { token, lifetime, deadline } = effect;
        const run = (): boolean => {
          if (this.now > deadline) return false;
          machine.armed.set(token, this.now + lifetime);
          return true;
        };
        kernel(run, (ok) => ({ type: 'armed', token, ok }), true);
        return;
      }
      case 'grant': {
        const { token, groups } = effect;
        const run = (): boolean => {
          for (const group of groups) machine.granted.set(group, token);
          return true;
        };
        // Kernels are even slower than drivers that look at the deadline: the token alone has to keep it shut.
        kernel(run, (ok) => ({ type: 'granted', token, ok }), true);
        return;
      }
      case 'close': {
        const { token, groups } = effect;
        const run = (): boolean => {
          for (const group of groups) machine.granted.delete(group);
          return true;
        };
        kernel(run, (ok) => ({ type: 'closed', token, ok }), false);
        return;
      }
      case 'storeRead':
        this.#store(machine, effect.nonce, answer, () => effect.groups.map((group) => this.register.read(group)));
        return;
      case 'storeWrite':
        this.#store(machine, effect.nonce, answer, () => effect.writes.map((write) => this.register.write(write)));
        return;
      case 'decide':
        this.told.push(`${this.now.toFixed(1)} ${machine.name} ${effect.decision.what}: ${effect.decision.why}`);
        return;
      default:
        return;
    }
  }

  #store(
    machine: Machine,
    nonce: string,
    answer: (event: Event, after: number) => void,
    run: () => readonly StoreAnswer[],
  ): void {
    const there = machine.reachesStore ? this.#delay(2, true) : undefined;
    if (there === undefined) {
      answer({ type: 'storeAnswer', nonce, ok: false, answers: [] }, 600);
      return;
    }
    this.at(this.now + there, () => {
      const answers = run();
      const back = machine.reachesStore ? this.#delay(2, true) : undefined;
      if (back === undefined) answer({ type: 'storeAnswer', nonce, ok: false, answers: [] }, 600);
      else answer({ type: 'storeAnswer', nonce, ok: true, answers }, back);
    });
  }
}
