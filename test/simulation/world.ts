import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Event } from '../../src/core/event.ts';
import type { Message } from '../../src/core/message.ts';
import type { Order } from '../../src/core/orders.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { SimulatedAgents } from './agents.ts';
import type { Checker } from './checkers/checker.ts';
import { clusterOf, configurationOf, setupsOf } from './cluster.ts';
import type { Core } from './core.ts';
import { faultTimer } from './faults.ts';
import { FencingDevices } from './fencing.ts';
import { perform } from './kernel.ts';
import { KernelGate } from './kernel-gate.ts';
import { type Datagram, Machine, type Work } from './machine.ts';
import { Network } from './network.ts';
import type { Plan } from './plan.ts';
import { EventQueue } from './queue.ts';
import { LeaseStore } from './store.ts';
import { showMessage } from './transcript.ts';
import { Violation } from './violation.ts';

type Item = { at: number; order: number; machine: number; work: Work | (() => void) };

const keyring = { signWith: 1, secrets: new Map([[1, 'simulated']]) };

/**
 * A cluster in virtual time. Everything random is drawn from the plan's seed, so that a run repeats exactly; the machines
 * run the real core, with the network, the kernel and the clocks as unkind as the plan says.
 */
export class World {
  readonly plan: Plan;
  readonly cluster: Cluster;
  /** What a musterd reads that starts when leases have become shorter. */
  private readonly shorter: Cluster | undefined;
  readonly machines: readonly Machine[];
  readonly network: Network;
  readonly store = new LeaseStore();
  readonly fencing: FencingDevices;
  readonly random: Random;
  readonly checkers: readonly Checker[];
  now = 0;
  steps = 0;
  /** Datagrams of strangers. */
  injected = 0;
  /** One line for each thing that a reader of a failed run wants to see; undefined: not kept. */
  readonly lines: string[] | undefined;

  readonly core: Core;
  private readonly queue = new EventQueue<Item>();
  private readonly byName: ReadonlyMap<string, Machine>;
  private readonly apply = faultTimer(this);
  private calm = false;

  constructor(plan: Plan, core: Core, checkers: readonly Checker[], record: boolean) {
    this.plan = plan;
    this.core = core;
    this.checkers = checkers;
    this.random = seededRandom(plan.seed ^ 0x5bd1e995);
    this.cluster = clusterOf(plan, core.leaseForRoundTrip);
    if (plan.shortensAt !== undefined) this.shorter = clusterOf({ ...plan, fast: true });
    this.fencing = new FencingDevices(plan);
    this.lines = record ? [] : undefined;
    const names = [...this.cluster.nodes, ...this.cluster.arbiters.map((arbiter) => arbiter.name)];
    this.machines = names.map(
      (name, index) =>
        new Machine(index, name, index >= plan.nodes, plan.rates[index] ?? 1, this.random.between(0, 1_000_000)),
    );
    if (plan.agents !== undefined)
      for (const machine of this.machines)
        if (!machine.arbiter) machine.agents = new SimulatedAgents(this, machine, setupsOf(this.cluster));
    this.byName = new Map(this.machines.map((machine) => [machine.name, machine]));
    this.network = new Network(plan, this.random, this);
  }

  /** Runs to the end; throws Violation at the first thing that must not be. */
  run(): void {
    for (const machine of this.machines) this.at(this.random.next() * 300, machine.index, () => this.powerOn(machine));
    for (const fault of this.plan.faults) this.at(fault.at, -1, () => this.begin(fault));
    this.at(this.plan.healAt, -1, () => this.heal());
    for (let item = this.queue.pop(); item !== undefined && item.at <= this.plan.endAt; item = this.queue.pop()) {
      this.now = item.at;
      if (typeof item.work === 'function') item.work();
      else this.work(this.machines[item.machine]!, item.work);
    }
    this.now = this.plan.endAt;
    for (const checker of this.checkers) checker.ended?.(this);
  }

  /** Does something at a true time. */
  at(time: number, machine: number, work: Work | (() => void)): void {
    this.queue.push({ at: Math.max(time, this.now), order: 0, machine, work });
  }

  note(text: () => string): void {
    this.lines?.push(`${this.now.toFixed(1).padStart(9)}  ${text()}`);
  }

  /** Something happened that groups may move for. */
  caused(): void {
    for (const checker of this.checkers) checker.caused?.(this);
  }

  gateChanged(machine: Machine, groups: readonly string[]): void {
    for (const checker of this.checkers) checker.gateChanged?.(this, machine, groups);
  }

  send(from: Machine, to: string, message: Message, epoch: number): void {
    this.network.send(from, this.byName.get(to)!, message, epoch);
  }

  private work(machine: Machine, work: Work): void {
    if (!machine.powered) return;
    if (machine.frozen > 0 || (machine.stopped > 0 && work.type !== 'kernel')) {
      machine.waiting.push(work);
      return;
    }
    switch (work.type) {
      case 'kernel':
        if (work.boot === machine.boot) work.apply();
        return;
      case 'tick':
        if (work.life !== machine.life || !machine.running) return;
        if (machine.wake > this.now + 0.001) return;
        this.step(machine, { type: 'tick' });
        return;
      case 'event':
        if (work.life === machine.life && machine.running) this.step(machine, work.event);
        return;
      case 'process':
        if (work.life === machine.life && machine.running) work.apply();
        return;
      case 'datagram':
        if (machine.running) this.receive(machine, work.datagram);
    }
  }

  private receive(machine: Machine, datagram: Datagram): void {
    const { incarnation, sequence, bytes } = datagram;
    const from = this.machines[datagram.from]!.name;
    let { message, epoch } = datagram;
    if (machine.codec !== undefined) {
      if (bytes === undefined) return;
      const decoded = machine.codec.decode(bytes);
      if (!decoded.ok) return;
      message = decoded.message;
      epoch = decoded.epoch;
    } else {
      if (datagram.to !== machine.index || datagram.altered) return;
      if (machine.guard?.judge(from, incarnation, sequence) !== 'fresh') return;
    }
    for (const checker of this.checkers) checker.accepted?.(this, machine, datagram, message);
    this.note(() => `${from} -> ${machine.name} ${showMessage(message)}`);
    this.step(machine, { type: 'message', from, link: 'eth0', epoch, incarnation, message });
  }

  step(machine: Machine, event: Event): void {
    this.steps++;
    const local = machine.local(this.now);
    if (event.type !== 'message' && event.type !== 'tick')
      this.note(() => `${machine.name} ${event.type} ${'token' in event ? `${event.token} ${event.ok}` : ''}`);
    const { state, effects } = this.core.step(machine.state!, event, local);
    machine.state = state;
    if (!state.orders.maintenance.has('')) machine.heardOfMaintenance = undefined;
    else machine.heardOfMaintenance ??= this.now;
    for (const checker of this.checkers) checker.stepped?.(this, machine, event, effects);
    for (const effect of effects) perform(this, machine, effect);
    const wake = this.core.wakeAt(state);
    if (wake <= local) throw new Violation(`${machine.name} wants to be woken in the past: ${wake} <= ${local}`);
    if (wake === Number.POSITIVE_INFINITY) machine.wake = wake;
    else {
      // Timers fire on whole milliseconds, and a little late.
      const at = Math.ceil(machine.trueTime(wake) + this.random.next() * 0.5);
      const before = machine.wake;
      machine.wake = at;
      if (!(before > this.now && before === at)) this.at(at, machine.index, { type: 'tick', life: machine.life });
    }
  }

  powerOn(machine: Machine): void {
    if (machine.powered) return;
    machine.powered = true;
    machine.boot++;
    machine.gate = new KernelGate();
    machine.acceptsPassed.clear();
    machine.kernelFreeAt = 0;
    machine.held = [];
    this.start(machine);
  }

  powerOff(machine: Machine): void {
    machine.powered = false;
    machine.running = false;
    machine.stopped = 0;
    machine.waiting.length = 0;
    machine.writes.length = 0;
    machine.diskFreeAt = 0;
    machine.fencedNote = [];
    machine.gate.flush();
    machine.agents?.powerOff();
  }

  /** The supervisor starts: whatever the last one left open is shut first, then it begins with nothing. */
  start(machine: Machine): void {
    if (machine.running || !machine.powered || machine.killed > 0) return;
    this.caused();
    machine.gate.flush();
    machine.acceptsPassed.clear();
    machine.running = true;
    machine.life++;
    machine.sequence = 0;
    machine.held = [];
    machine.wake = Number.POSITIVE_INFINITY;
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
    machine.incarnation = hex(++machine.starts, 16) + hex(this.random.between(0, 2 ** 32 - 1), 16);
    this.listen(machine);
    const cluster = this.read();
    machine.lease = cluster.timings.lease;
    machine.longestLease = Math.max(machine.longestLease, machine.lease);
    const word = (): number => this.random.between(0, 2 ** 32 - 1);
    const options = {
      incarnation: machine.incarnation,
      seed: [word(), word(), word(), word()] as const,
      configHash: '',
      bundleHash: '',
      macs: {},
      longestLease: machine.longestLease,
      recorded: machine.record,
      owners: machine.owners,
      fenced: machine.fencedNote,
      orders: machine.orders?.list.map((order) => agedBy(order, this.now - machine.orders!.at)),
    };
    machine.state = this.core.createNode(
      configurationOf(cluster, this.plan, machine.index),
      machine.name,
      options,
      machine.local(this.now),
    );
    machine.heardOfMaintenance = machine.state.orders.maintenance.has('') ? Number.NEGATIVE_INFINITY : undefined;
    this.note(() => `${machine.name} starts`);
    // Before the first step: what that wants of them is for this life.
    machine.agents?.start();
    this.step(machine, { type: 'tick' });
  }

  /** The configuration on the disks now. */
  private read(): Cluster {
    return this.shorter !== undefined && this.now >= this.plan.shortensAt! ? this.shorter : this.cluster;
  }

  private listen(machine: Machine): void {
    if (!this.plan.wire) {
      machine.guard = new this.core.ReplayGuard();
      return;
    }
    const peers = this.machines.filter((other) => other !== machine).map(({ name }) => name);
    machine.codec = new this.core.Codec({ self: machine.name, incarnation: machine.incarnation, keyring, peers });
  }

  thaw(machine: Machine): void {
    if (machine.frozen > 0) return;
    let heard = 0;
    for (const work of machine.waiting.splice(0)) {
      // Commands for the kernel, datagrams and the process's own events wake up in any order; what a disk or the kernel has said keeps its own.
      let later = work.type === 'kernel' ? this.random.next() * 2 : 0.5 + this.random.next() * 0.001;
      if (work.type === 'event') later = heard = Math.max(heard, later);
      this.at(this.now + later, machine.index, work);
    }
  }

  private begin(fault: Plan['faults'][number]): void {
    if (this.calm) return;
    this.note(() => `FAULT ${JSON.stringify(fault)}`);
    this.caused();
    this.apply(fault);
  }

  heal(): void {
    this.note(() => 'HEAL everything');
    this.calm = true;
    this.caused();
    this.network.heal();
    this.store.cuts.clear();
    for (const machine of this.machines) {
      machine.frozen = 0;
      machine.stopped = 0;
      machine.stalledUntil = 0;
      machine.killed = 0;
      machine.refusing = 0;
      this.thaw(machine);
      // Whoever still runs with the longer lease reads the shorter one, too.
      if (machine.lease > this.read().timings.lease) machine.running = false;
      this.powerOn(machine);
      this.start(machine);
      machine.agents?.troubles.clear();
      machine.agents?.mend();
      // Only when what the node slept through, commands among it, has come to it.
      const last = (event: Event): void =>
        this.at(this.now + 20, machine.index, { type: 'event', life: machine.life, event });
      last({ type: 'operator', id: 0, command: { kind: 'online' } });
      if (this.plan.orders) {
        last({ type: 'operator', id: 0, command: { kind: 'maintenance', on: false } });
        last({ type: 'operator', id: 0, command: { kind: 'clear' } });
      }
      if (this.plan.faults.some(({ kind }) => kind === 'reach')) last({ type: 'reach', reached: 2, of: 2 });
    }
  }

  get healed(): boolean {
    return this.calm;
  }
}

/** An order that was kept on a disk for so long. */
function agedBy(order: Order, passed: number): Order {
  return order.remaining === undefined ? order : { ...order, remaining: Math.max(0, order.remaining - passed) };
}
