import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { ReplayGuard } from '../../src/wire/authentication.ts';
import type { Checker } from './checkers/checker.ts';
import type { Core } from './core.ts';
import { applyFault } from './faults.ts';
import { KernelGate } from './kernel-gate.ts';
import { type Datagram, Machine, type Work } from './machine.ts';
import type { Plan } from './plan.ts';
import { EventQueue } from './queue.ts';
import { showDecision, showMessage } from './transcript.ts';
import { Violation } from './violation.ts';

type Item = { at: number; order: number; machine: number; work: Work | (() => void) };

const lanTimings = { keepalive: 50, deadtime: 200, warntime: 100, initdead: 400, lease: 200 };
const fastTimings = { keepalive: 20, deadtime: 80, warntime: 40, initdead: 400, lease: 80 };

/** Kernels count set timeouts in ticks; this is the longest one (HZ=100). */
const kernelTick = 10;

/** The model of a cluster that a plan asks for. */
export function clusterOf(
  plan: Pick<Plan, 'nodes' | 'arbiters' | 'groups' | 'autoFailback' | 'driftBound' | 'fast'>,
): Cluster {
  const nodes = Array.from({ length: plan.nodes }, (_, index) => `node${index + 1}`);
  return {
    name: 'simulated',
    nodes,
    nodeAddresses: {},
    arbiters: Array.from({ length: plan.arbiters }, (_, index) => ({
      name: `arbiter${index + 1}`,
      address: `10.77.1.${index + 1}`,
      port: 694,
    })),
    links: [],
    udpPort: 694,
    timings: plan.fast ? fastTimings : lanTimings,
    autoFailback: plan.autoFailback,
    noQuorum: 'stop',
    pingNodes: [],
    groups: Array.from({ length: plan.groups }, (_, index) => ({
      name: `web${index + 1}`,
      preferred: nodes[index % nodes.length]!,
      resources: [],
    })),
    services: [],
    driftBound: plan.driftBound,
  } as unknown as Cluster;
}

/**
 * A cluster in virtual time. Everything random is drawn from the plan's seed, so that a run repeats exactly; the machines
 * run the real core, with the network, the kernel and the clocks as unkind as the plan says.
 */
export class World {
  readonly plan: Plan;
  readonly cluster: Cluster;
  readonly machines: readonly Machine[];
  now = 0;
  steps = 0;
  /** One line for each thing that a reader of a failed run wants to see; undefined: not kept. */
  readonly lines: string[] | undefined;

  private readonly core: Core;
  private readonly checkers: readonly Checker[];
  private readonly random: Random;
  private readonly queue = new EventQueue<Item>();
  /** Directed pairs that are cut, counted, as cuts overlap. */
  private readonly cuts = new Map<number, number>();
  private readonly lastArrival = new Map<number, number>();
  private calm = false;

  constructor(plan: Plan, core: Core, checkers: readonly Checker[], record: boolean) {
    this.plan = plan;
    this.core = core;
    this.checkers = checkers;
    this.random = seededRandom(plan.seed ^ 0x5bd1e995);
    this.cluster = clusterOf(plan);
    this.lines = record ? [] : undefined;
    const names = [...this.cluster.nodes, ...this.cluster.arbiters.map((arbiter) => arbiter.name)];
    this.machines = names.map(
      (name, index) =>
        new Machine(index, name, index >= plan.nodes, plan.rates[index] ?? 1, this.random.between(0, 1_000_000)),
    );
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

  private work(machine: Machine, work: Work): void {
    if (!machine.powered) return;
    if (machine.frozen > 0) {
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
      case 'datagram':
        this.receive(machine, work.datagram);
    }
  }

  private receive(machine: Machine, datagram: Datagram): void {
    if (!machine.running) return;
    const from = this.machines[datagram.from]!.name;
    if (machine.guard.judge(from, datagram.incarnation, datagram.sequence) !== 'fresh') return;
    this.note(() => `${from} -> ${machine.name} ${showMessage(datagram.message)}`);
    this.step(machine, { type: 'message', from, link: 'eth0', message: datagram.message });
  }

  step(machine: Machine, event: Event): void {
    this.steps++;
    const local = machine.local(this.now);
    if (event.type !== 'message' && event.type !== 'tick')
      this.note(() => `${machine.name} ${event.type} ${'token' in event ? `${event.token} ${event.ok}` : ''}`);
    const { state, effects } = this.core.step(machine.state!, event, local);
    machine.state = state;
    for (const checker of this.checkers) checker.stepped?.(this, machine, event, effects);
    for (const effect of effects) this.perform(machine, effect);
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

  private perform(machine: Machine, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.transmit(machine, effect);
        return;
      case 'arm': {
        const { groups, token, lifetime } = effect;
        this.command(machine, { type: 'armed', token, ok: true }, () => {
          const until = this.now + machine.trueSpan(lifetime) + this.random.next() * kernelTick;
          machine.gate.arm(groups, token, until, this.now);
        });
        return;
      }
      case 'grant': {
        const { groups, token } = effect;
        this.command(machine, { type: 'granted', token, ok: true }, () => {
          machine.gate.grant(groups, token);
          this.note(() => `${machine.name} kernel: gate of ${groups.join(' ')} points at ${token}`);
          for (const checker of this.checkers) checker.gateChanged?.(this, machine, groups);
        });
        return;
      }
      case 'close': {
        const { groups, token, passTo, passFor, passToken } = effect;
        this.command(machine, { type: 'closed', token, ok: true }, () => {
          const pass =
            passTo === undefined || passToken === undefined
              ? undefined
              : { to: passTo, token: passToken, until: this.now + machine.trueSpan(passFor ?? 0) };
          machine.gate.close(groups, pass);
          for (const group of groups) machine.acceptsPassed.delete(group);
          this.note(
            () =>
              `${machine.name} kernel: gate of ${groups.join(' ')} shut${passTo === undefined ? '' : `, passing to ${passTo}`}`,
          );
          for (const checker of this.checkers) checker.gateChanged?.(this, machine, groups);
        });
        return;
      }
      case 'acceptPassed': {
        const { from, groups, lifetime } = effect;
        this.command(machine, undefined, () => {
          const until = this.now + machine.trueSpan(lifetime);
          for (const group of groups) machine.acceptsPassed.set(group, { from, until });
        });
        return;
      }
      case 'hold':
        machine.held = effect.groups;
        return;
      case 'announce':
        for (const group of effect.groups) machine.announcedAt.set(group, this.now);
        return;
      case 'decide':
        this.note(() => `${machine.name} decides: ${showDecision(effect.decision)}`);
        return;
      case 'reply':
        this.note(() => `${machine.name} replies: ${effect.text}`);
        return;
      case 'probeAddress':
        return;
    }
  }

  /** One kernel command behind all before it; the process hears of it when it has been applied. */
  private command(machine: Machine, ack: Event | undefined, apply: () => void): void {
    const slow = !this.calm && this.random.chance(this.plan.slowCommands) ? this.random.next() * 300 : 0;
    const at = Math.max(this.now, machine.kernelFreeAt, machine.stalledUntil) + 0.1 + this.random.next() * 0.3 + slow;
    machine.kernelFreeAt = at;
    const { boot, life } = machine;
    this.at(at, machine.index, {
      type: 'kernel',
      boot,
      apply: () => {
        apply();
        if (ack !== undefined) this.at(this.now + 0.1, machine.index, { type: 'event', life, event: ack });
      },
    });
  }

  private transmit(machine: Machine, effect: Extract<Effect, { type: 'send' }>): void {
    const to = this.machines.find((candidate) => candidate.name === effect.to)!;
    const datagram: Datagram = {
      from: machine.index,
      to: to.index,
      incarnation: machine.incarnation,
      sequence: ++machine.sequence,
      message: effect.message,
    };
    if ((this.cuts.get(machine.index * 64 + to.index) ?? 0) > 0) return;
    const { loss, duplicate, usual, slow, slowShare } = this.plan.network;
    if (!this.calm && this.random.chance(loss)) return;
    const copies = !this.calm && this.random.chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      // One path keeps the order of what it carries; a detour (another link, a full queue) does not.
      const detour = !this.calm && this.random.chance(slowShare);
      const key = machine.index * 64 + to.index;
      const sent = this.now + 0.05 + this.random.next() * (detour ? slow : usual);
      const at = detour ? sent : Math.max(sent, this.lastArrival.get(key) ?? 0);
      if (!detour) this.lastArrival.set(key, at);
      this.at(at, to.index, { type: 'datagram', datagram });
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
    machine.waiting.length = 0;
    machine.gate.flush();
  }

  /** The supervisor starts: whatever the last one left open is shut first, then it begins with nothing. */
  start(machine: Machine): void {
    if (machine.running || !machine.powered || machine.killed > 0) return;
    machine.gate.flush();
    machine.acceptsPassed.clear();
    machine.running = true;
    machine.life++;
    machine.sequence = 0;
    machine.guard = new ReplayGuard();
    machine.held = [];
    machine.wake = Number.POSITIVE_INFINITY;
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
    machine.incarnation = hex(++machine.starts, 16) + hex(this.random.between(0, 2 ** 32 - 1), 16);
    const word = (): number => this.random.between(0, 2 ** 32 - 1);
    const options = {
      incarnation: machine.incarnation,
      seed: [word(), word(), word(), word()] as const,
      configHash: '',
      bundleHash: '',
      macs: {},
    };
    machine.state = this.core.createNode(this.cluster, machine.name, options, machine.local(this.now));
    this.note(() => `${machine.name} starts`);
    this.step(machine, { type: 'tick' });
  }

  thaw(machine: Machine): void {
    if (machine.frozen > 0) return;
    for (const work of machine.waiting.splice(0)) {
      // Commands for the kernel and the process's own events wake up in any order, each kind in its own.
      const later = work.type === 'kernel' ? this.random.next() * 2 : 0.5 + this.random.next() * 0.001;
      this.at(this.now + later, machine.index, work);
    }
  }

  cut(from: number, to: number, by: 1 | -1): void {
    const key = from * 64 + to;
    this.cuts.set(key, (this.cuts.get(key) ?? 0) + by);
  }

  private begin(fault: Plan['faults'][number]): void {
    if (this.calm) return;
    this.note(() => `FAULT ${JSON.stringify(fault)}`);
    applyFault(this, fault);
  }

  private heal(): void {
    this.note(() => 'HEAL everything');
    this.calm = true;
    this.cuts.clear();
    for (const machine of this.machines) {
      machine.frozen = 0;
      machine.stalledUntil = 0;
      machine.killed = 0;
      this.thaw(machine);
      this.powerOn(machine);
      this.start(machine);
      this.step(machine, { type: 'operator', id: 0, command: { kind: 'online' } });
    }
  }

  get healed(): boolean {
    return this.calm;
  }
}
