import assert from 'node:assert/strict';
import type { Effect } from '../../../src/core/effect.ts';
import type { Event } from '../../../src/core/event.ts';
import { createNode, step } from '../../../src/core/node.ts';
import { listOrders, type Order } from '../../../src/core/orders.ts';
import type { GroupPhase } from '../../../src/core/resources/event.ts';
import type { NodeState } from '../../../src/core/state.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { clusterOf } from '../../simulation/cluster.ts';

const plain = clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false });

interface Options {
  readonly needsFencing?: boolean;
  /** How long after it is asked for something starts or stops; milliseconds. */
  readonly takes?: number;
  readonly autoFailback?: boolean;
}

interface Machine {
  readonly state: NodeState;
  alive: boolean;
  /** Asked for, and not done yet. */
  due: { at: number; phase: GroupPhase; id: number } | undefined;
  phase: GroupPhase;
  answers: number;
  barred: string | undefined;
}

/** Three nodes with a group that agents run, messages and kernels that take no time, and agents that take theirs. */
class Nodes {
  readonly machines = new Map<string, Machine>();
  readonly log: string[] = [];
  /** Agents that cannot stop anything here, or that are slow. */
  readonly stuck = new Set<string>();
  now = 0;
  readonly #takes: number;
  #queue: { to: string; event: Event }[] = [];

  constructor({ needsFencing = false, takes = 0, autoFailback = false }: Options = {}) {
    this.#takes = takes;
    const resources = [{ kind: 'agent' as const, agent: 'apache', args: [] }];
    const cluster: Cluster = {
      ...plain,
      autoFailback,
      groups: [{ name: 'web1', preferred: 'node1', resources }],
      resources: { defaults: {}, groups: { web1: { needsFencing, agents: {} } } },
    };
    for (const [index, name] of cluster.nodes.entries()) this.machines.set(name, newMachine(cluster, name, index));
  }

  /** What is really so when musterd starts, as a probe would find it. */
  found(phases: Readonly<Record<string, GroupPhase>>, dirty = false): this {
    for (const [name, machine] of this.machines) {
      machine.phase = phases[name] ?? 'stopped';
      this.#tell(name, dirty && machine.phase === 'changing');
    }
    return this;
  }

  run(span: number): this {
    for (const end = this.now + span; this.now < end; this.now++) {
      for (const [name, machine] of this.machines) {
        if (machine.due !== undefined && this.now >= machine.due.at && machine.alive) {
          machine.phase = machine.due.phase;
          machine.answers = machine.due.id;
          machine.due = undefined;
          this.log.push(`${name} ${machine.phase}`);
          this.#tell(name);
        }
        this.happens(name, { type: 'tick' });
      }
    }
    return this;
  }

  happens(name: string, event: Event): void {
    this.#queue.push({ to: name, event });
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const machine = this.machines.get(next.to)!;
      if (!machine.alive) continue;
      for (const effect of step(machine.state, next.event, this.now).effects) this.#perform(next.to, machine, effect);
    }
  }

  /** musterd is killed and starts again, with what its disk says; what agents run goes on. */
  restart(name: string): void {
    const before = this.machines.get(name)!;
    const index = [...this.machines.keys()].indexOf(name);
    const orders = listOrders(before.state.orders, this.now);
    const { phase } = before;
    this.machines.set(name, { ...newMachine(before.state.cluster, name, index, { orders, now: this.now }), phase });
    this.#tell(name);
  }

  bar(name: string, why: string | undefined): void {
    const machine = this.machines.get(name)!;
    machine.barred = why;
    this.#tell(name);
  }

  holders(): string[] {
    return [...this.machines]
      .filter(([, { state, alive }]) => {
        const claim = state.groups.get('web1')!.claim;
        return alive && claim.phase === 'holding' && claim.gateOpen;
      })
      .map(([name]) => name);
  }

  running(): string[] {
    return [...this.machines].filter(([, { phase }]) => phase !== 'stopped').map(([name]) => name);
  }

  #tell(name: string, dirty = false): void {
    const { phase, answers, barred } = this.machines.get(name)!;
    this.happens(name, { type: 'resources', group: 'web1', phase, dirty, barred, answers });
  }

  #perform(name: string, machine: Machine, effect: Effect): void {
    const later = (event: Event): void => void this.#queue.push({ to: name, event });
    if (effect.type === 'send')
      this.#queue.push({
        to: effect.to,
        event: { type: 'message', from: name, link: 'eth0', epoch: effect.epoch, message: effect.message },
      });
    else if (effect.type === 'arm') later({ type: 'armed', token: effect.token, ok: true });
    else if (effect.type === 'grant') later({ type: 'granted', token: effect.token, ok: true });
    else if (effect.type === 'close') later({ type: 'closed', token: effect.token, ok: true });
    else if (effect.type === 'reply' && effect.id === 2) this.log.push(`${name} done: ${effect.text}`);
    else if (effect.type === 'persistOwners') later({ type: 'ownersPersisted', id: effect.id, ok: true });
    else if (effect.type === 'want') {
      this.log.push(`${name} ${effect.wish}${effect.urgently ? ' urgently' : ''}`);
      const phase: GroupPhase =
        effect.wish === 'run' ? 'running' : effect.wish === 'stop' && this.stuck.has(name) ? 'stuck' : 'stopped';
      if (effect.wish === 'wait') return;
      if (effect.wish === 'leave') {
        machine.answers = effect.id;
        const { barred, answers } = machine;
        later({ type: 'resources', group: 'web1', phase: 'left', dirty: false, barred, answers });
        return;
      }
      if (machine.phase !== phase || machine.due !== undefined)
        machine.due = { at: this.now + this.#takes, phase, id: effect.id };
      else machine.answers = effect.id;
      const { barred, answers } = machine;
      const phaseNow = machine.due === undefined ? phase : 'changing';
      later({ type: 'resources', group: 'web1', phase: phaseNow, dirty: false, barred, answers });
    } else if (effect.type === 'decide' && ['takeover', 'handover', 'lost', 'release'].includes(effect.decision.what))
      this.log.push(`${name} ${effect.decision.what}`);
  }
}

function newMachine(
  cluster: Cluster,
  name: string,
  index: number,
  { orders, now }: { orders: readonly Order[]; now: number } = { orders: [], now: 0 },
): Machine {
  const incarnation = (now === 0 ? '1' : `${now}`).padStart(16, '0') + `${index}`.repeat(16);
  const options = { incarnation, seed: [index, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {}, orders };
  const state = createNode(cluster, name, options, now);
  return { state, alive: true, due: undefined, phase: 'unknown', answers: 0, barred: undefined };
}

const standby = (nodes: Nodes, name: string): void =>
  nodes.happens(name, { type: 'operator', id: 1, command: { kind: 'standby' } });

describe('resources and the lease of their group', () => {
  it('start when the gate is open, and not before anybody knows what runs', () => {
    const nodes = new Nodes().run(3000);
    assert.deepEqual(nodes.holders(), [], 'nothing is known of what runs');
    nodes.found({}).run(1000);
    assert.deepEqual(nodes.holders(), ['node1']);
    assert.deepEqual(nodes.running(), ['node1']);
    assert.deepEqual(nodes.log, ['node1 takeover', 'node1 run', 'node1 running']);
  });

  it('stop first on a hand-over, while the lease is renewed', () => {
    const nodes = new Nodes({ takes: 700 }).found({}).run(3000);
    nodes.log.length = 0;
    standby(nodes, 'node1');
    nodes.run(600);
    assert.deepEqual(nodes.holders(), ['node1'], 'three leases later it still holds it');
    nodes.run(2000);
    assert.deepEqual(nodes.holders(), ['node2']);
    assert.deepEqual(nodes.log, [
      'node1 stop',
      'node1 stopped',
      'node1 handover',
      'node2 takeover',
      'node2 run',
      'node2 running',
    ]);
  });

  it('stop at once where the lease is lost', () => {
    const nodes = new Nodes().found({}).run(2000);
    nodes.log.length = 0;
    nodes.machines.get('node2')!.alive = false;
    nodes.machines.get('node3')!.alive = false;
    nodes.run(1000);
    assert.deepEqual(nodes.log, ['node1 lost', 'node1 stop urgently', 'node1 stopped']);
  });

  it('are left running by nobody who does not come to its turn', () => {
    const nodes = new Nodes({ takes: 100 }).found({}).run(3000);
    nodes.log.length = 0;
    nodes.machines.get('node1')!.alive = false;
    nodes.run(2000);
    assert.deepEqual(nodes.log, ['node2 takeover', 'node2 run', 'node2 running']);
  });

  it('that cannot be stopped are handed over all the same behind a gate, and never where that needs fencing', () => {
    for (const needsFencing of [false, true]) {
      const nodes = new Nodes({ needsFencing }).found({}).run(2000);
      nodes.stuck.add('node1');
      standby(nodes, 'node1');
      nodes.run(3000);
      assert.deepEqual(nodes.holders(), [needsFencing ? 'node1' : 'node2']);
      const releases = nodes.log.filter((line) => line === 'node1 handover');
      assert.equal(releases.length, needsFencing ? 0 : 1);
    }
  });

  it('that are given up go to the next node, and stay down where all have given up, until one may again', () => {
    const nodes = new Nodes().found({}).run(2000);
    nodes.bar('node1', 'apache failed there 3 times');
    nodes.run(1500);
    assert.deepEqual(nodes.holders(), ['node2']);
    nodes.bar('node2', 'apache failed there 3 times');
    nodes.run(1500);
    assert.deepEqual(nodes.holders(), ['node3']);
    nodes.bar('node3', 'apache failed there 3 times');
    nodes.run(1500);
    assert.deepEqual(nodes.holders(), ['node3'], 'nobody else may have it');
    nodes.bar('node1', undefined);
    nodes.run(1500);
    assert.deepEqual(nodes.holders(), ['node1']);
  });

  it('do not fail back to a node that gave them up before an operator clears that, and may be taken over there', () => {
    const nodes = new Nodes({ autoFailback: true }).found({}).run(2000);
    nodes.bar('node1', 'apache failed there 3 times');
    nodes.run(1500);
    nodes.bar('node1', undefined);
    nodes.run(4000);
    assert.deepEqual(nodes.holders(), ['node2']);
    nodes.happens('node3', { type: 'operator', id: 1, command: { kind: 'clear', group: 'web1' } });
    nodes.run(2000);
    assert.deepEqual(nodes.holders(), ['node1']);
    nodes.bar('node1', 'apache failed there 3 times');
    nodes.run(1500);
    nodes.bar('node1', undefined);
    nodes.happens('node2', { type: 'operator', id: 2, command: { kind: 'standby' } });
    nodes.run(1500);
    assert.deepEqual(nodes.holders(), ['node1'], 'it is the next in line');
  });

  it('that ran when all nodes started go on where they ran, and are started nowhere else', () => {
    const nodes = new Nodes().found({ node2: 'running' }).run(6000);
    assert.deepEqual(nodes.holders(), ['node2']);
    assert.deepEqual(nodes.running(), ['node2']);
    assert.ok(!nodes.log.some((line) => line.includes('stop') || line.startsWith('node1 run')), nodes.log.join(', '));
  });

  it('that were found half done are stopped before the group is asked for', () => {
    const nodes = new Nodes({ takes: 50 }).found({ node1: 'changing' }, true);
    nodes.run(3000);
    assert.deepEqual(nodes.log.slice(0, 2), ['node1 stop urgently', 'node1 stopped']);
    assert.deepEqual(nodes.holders().length, 1);
  });

  it('are let alone in maintenance, also over a restart of musterd, and go on after it', () => {
    const nodes = new Nodes({ takes: 50 }).found({}).run(2000);
    nodes.log.length = 0;
    nodes.happens('node2', { type: 'operator', id: 1, command: { kind: 'maintenance', on: true } });
    nodes.run(1000);
    assert.deepEqual(nodes.log, ['node1 leave']);
    assert.deepEqual(nodes.holders(), ['node1']);
    nodes.restart('node1');
    nodes.run(3000);
    assert.deepEqual(nodes.log, ['node1 leave', 'node1 leave', 'node1 takeover'], 'nobody stops or starts anything');
    assert.deepEqual(nodes.holders(), ['node1']);
    nodes.happens('node3', { type: 'operator', id: 1, command: { kind: 'maintenance', on: false } });
    nodes.run(500);
    assert.deepEqual(nodes.log.slice(3), ['node1 run']);
    assert.deepEqual(nodes.running(), ['node1']);
  });

  it('that are being stopped for a move when maintenance begins are started again first', () => {
    const nodes = new Nodes({ takes: 300 }).found({}).run(3000);
    nodes.log.length = 0;
    nodes.happens('node2', { type: 'operator', id: 1, command: { kind: 'move', group: 'web1', node: 'node3' } });
    nodes.run(100);
    nodes.happens('node2', { type: 'operator', id: 1, command: { kind: 'maintenance', on: true } });
    nodes.run(3000);
    assert.deepEqual(nodes.log, ['node1 stop', 'node1 run', 'node1 running', 'node1 leave']);
    assert.deepEqual(nodes.holders(), ['node1']);
  });

  it('stop first where an operator moves the group', () => {
    const nodes = new Nodes({ takes: 300 }).found({}).run(3000);
    nodes.log.length = 0;
    nodes.happens('node2', { type: 'operator', id: 1, command: { kind: 'move', group: 'web1', node: 'node3' } });
    nodes.run(2000);
    assert.deepEqual(nodes.holders(), ['node3']);
    assert.deepEqual(nodes.log.slice(0, 4), ['node1 stop', 'node1 stopped', 'node1 handover', 'node3 takeover']);
  });

  it('that nobody takes over are started again where they were', () => {
    const nodes = new Nodes({ takes: 50 }).found({}).run(2000);
    // They hear everything and answer no offer: their kernels owe them something.
    for (const name of ['node2', 'node3']) nodes.machines.get(name)!.state.kernelOwesSince = 0;
    for (const name of ['node2', 'node3']) nodes.machines.get(name)!.state.kernelAskedAt = 1e9;
    standby(nodes, 'node1');
    nodes.run(10_000);
    assert.deepEqual(nodes.holders(), ['node1']);
    assert.equal(nodes.machines.get('node1')!.phase, 'running');
    assert.equal(nodes.log.filter((line) => line === 'node1 stop').length, 1, 'stopped for it once');
  });

  it('of a node that leaves stop, though nobody is there to take it over', () => {
    const nodes = new Nodes({ takes: 900 }).found({}).run(3000);
    nodes.machines.get('node3')!.alive = false;
    standby(nodes, 'node2');
    nodes.run(500);
    nodes.log.length = 0;
    nodes.happens('node1', { type: 'operator', id: 2, command: { kind: 'leave' } });
    nodes.run(4000);
    assert.deepEqual(nodes.log, ['node1 stop', 'node1 stopped', 'node1 release', 'node1 done: node1 holds nothing']);
  });

  it('of a node that leaves and has just lost the lease stop before it says that it is done', () => {
    const nodes = new Nodes({ takes: 900 }).found({}).run(3000);
    nodes.machines.get('node2')!.alive = false;
    nodes.machines.get('node3')!.alive = false;
    nodes.run(300);
    nodes.log.length = 0;
    nodes.happens('node1', { type: 'operator', id: 2, command: { kind: 'leave' } });
    nodes.run(4000);
    assert.deepEqual(nodes.log, ['node1 stopped', 'node1 done: node1 holds nothing']);
  });

  it('that cannot be stopped keep no node that leaves and has lost the lease', () => {
    const nodes = new Nodes().found({}).run(3000);
    nodes.stuck.add('node1');
    nodes.machines.get('node2')!.alive = false;
    nodes.machines.get('node3')!.alive = false;
    nodes.run(300);
    nodes.happens('node1', { type: 'operator', id: 2, command: { kind: 'leave' } });
    nodes.run(1000);
    assert.equal(nodes.log.at(-1), 'node1 done: node1 holds nothing');
  });

  it('of a node that leaves are not started again, where the one that was to take over leaves as well', () => {
    const nodes = new Nodes({ takes: 300 }).found({}).run(3000);
    nodes.machines.get('node3')!.alive = false;
    nodes.run(500);
    nodes.log.length = 0;
    nodes.happens('node1', { type: 'operator', id: 2, command: { kind: 'leave' } });
    nodes.run(100);
    nodes.happens('node2', { type: 'operator', id: 3, command: { kind: 'leave' } });
    nodes.run(4000);
    assert.deepEqual(nodes.log, ['node1 stop', 'node1 stopped', 'node1 release', 'node1 done: node1 holds nothing']);
  });
});
