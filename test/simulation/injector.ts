import type { OperatorCommand } from '../../src/core/event.ts';
import type { Injector } from '../../src/drill/fault.ts';
import { attack } from './attack.ts';
import type { Machine } from './machine.ts';
import type { Fault, SimulatedFault } from './plan.ts';
import type { World } from './world.ts';

type SimulationInjector = Injector<number, void, SimulatedFault> & {
  /** Whether it was begun and had an effect, and is not ended. */
  has(fault: Fault): boolean;
};

/**
 * The world's machines and network as an injector: what it is told is there at once. Throws an Error on a fault that they
 * cannot have: a core has no wall clock, and a simulated machine neither a disk to fill nor processors to share.
 * `leaving` is how long an orderly stop takes (ms).
 */
export function simulationInjector(world: World, leaving: number): SimulationInjector {
  const active = new Set<Fault>();
  const machineOf = (fault: Fault): Machine => world.machines['node' in fault ? (fault.node ?? 0) : 0]!;
  return {
    begin(fault) {
      if (begin(world, machineOf(fault), fault, leaving)) active.add(fault);
    },
    end(fault) {
      if (active.delete(fault)) end(world, machineOf(fault), fault);
    },
    heal() {
      active.clear();
      world.heal();
    },
    has: (fault) => active.has(fault),
  };
}

/** Whether there is anything to end. */
function begin(world: World, machine: Machine, fault: Fault, leaving: number): boolean {
  switch (fault.kind) {
    case 'power':
      machine.off++;
      world.powerOff(machine);
      return true;
    case 'kill':
      machine.killed++;
      machine.running = false;
      endProcess(machine);
      return true;
    case 'stop':
      if (!machine.running) return false;
      machine.stopped++;
      return true;
    case 'freeze':
      if (!machine.powered) return false;
      machine.frozen++;
      return true;
    case 'stall':
      machine.stalledUntil = Math.max(machine.stalledUntil, world.now + fault.lasts);
      return false;
    case 'refuse':
      machine.refusing++;
      return true;
    case 'attack':
      attack(world, machine, fault.lasts);
      return false;
    case 'store':
      reachStore(world, fault.node, 1);
      return true;
    case 'flush':
    case 'nftables':
      if (!machine.powered) return false;
      machine.gate.flush();
      machine.acceptsPassed.clear();
      world.at(world.now + 5, machine.index, { type: 'event', life: machine.life, event: { type: 'gateLost' } });
      return false;
    case 'reach': {
      const event = { type: 'reach', reached: fault.reached, of: 2 } as const;
      world.at(world.now, machine.index, { type: 'event', life: machine.life, event });
      return false;
    }
    case 'add':
    case 'remove': {
      const { name } = world.machines[fault.voter]!;
      operate(world, machine, { kind: 'reconfigure', add: undefined, remove: undefined, [fault.kind]: name });
      return false;
    }
    case 'agent':
      machine.agents?.troubles.add(fault);
      return machine.agents !== undefined;
    case 'crash':
      machine.agents?.crash(`web${fault.group + 1}`, fault.resource);
      return false;
    case 'standby':
      operate(world, machine, { kind: 'standby' });
      return true;
    case 'shoot':
      operate(world, machine, {
        kind: 'fence',
        node: world.machines[fault.target]!.name,
        confirmed: fault.confirmed,
      });
      return false;
    case 'move': {
      const { group, forMs } = fault;
      operate(world, machine, { kind: 'move', group, node: world.machines[fault.to]!.name, forMs });
      return false;
    }
    case 'maintenance':
      operate(world, machine, { kind: 'maintenance', on: true });
      return true;
    case 'leave':
      operate(world, machine, { kind: 'leave' });
      world.at(world.now + leaving, -1, () => endLeaving(world, machine, machine.life));
      return true;
    default:
      changeNetwork(world, fault, 1);
      return true;
  }
}

function end(world: World, machine: Machine, fault: Fault): void {
  switch (fault.kind) {
    case 'power':
      if (--machine.off > 0) return;
      machine.frozen = 0;
      machine.stopped = 0;
      world.powerOn(machine);
      return;
    case 'kill':
    case 'leave':
      if (--machine.killed > 0) return;
      machine.stopped = 0;
      world.start(machine);
      return;
    case 'stop':
      if (machine.stopped > 0 && --machine.stopped === 0) world.thaw(machine);
      return;
    case 'freeze':
      if (machine.frozen > 0 && --machine.frozen === 0) world.thaw(machine);
      return;
    case 'refuse':
      machine.refusing--;
      return;
    case 'agent':
      machine.agents?.troubles.delete(fault);
      return;
    case 'store':
      reachStore(world, fault.node, -1);
      return;
    case 'standby':
      operate(world, machine, { kind: 'online' });
      return;
    case 'maintenance':
      operate(world, machine, { kind: 'maintenance', on: false });
      return;
    default:
      changeNetwork(world, fault, -1);
  }
}

/** Who has said that it ends does end, and starts again at once where all is healed; until then it may take its time. */
function endLeaving(world: World, machine: Machine, life: number): void {
  const { state } = machine;
  if (world.healed && state?.fencing.ended !== true) {
    const leaves = machine.life === life && state?.pending.some(({ kind }) => kind === 'leave') === true;
    if (leaves) world.at(world.now + 100, -1, () => endLeaving(world, machine, life));
    return;
  }
  machine.running = false;
  endProcess(machine);
  if (world.healed) world.start(machine);
  else machine.killed++;
}

/** What waited for a process that stood still goes with it; the kernel did not. */
function endProcess(machine: Machine): void {
  if (machine.stopped === 0) return;
  machine.stopped = 0;
  const kernels = machine.waiting.filter(({ type }) => type === 'kernel');
  machine.waiting.splice(0, Infinity, ...kernels);
}

/** Begins (1) or ends (-1) what is between machines. */
function changeNetwork({ network, machines }: World, fault: Fault, by: 1 | -1): void {
  const cut = (pairs: readonly [number, number][], link: number): void => {
    for (const [from, to] of pairs) network.cut(from, to, link, by);
  };
  if (fault.kind === 'link') cut(crossing(machines.length, [fault.node]), -1);
  else if (fault.kind === 'one-link') cut(crossing(machines.length, [fault.node]), fault.link - 1);
  else if (fault.kind === 'cut') cut([[fault.from, fault.to]], -1);
  else if (fault.kind === 'partition') cut(crossing(machines.length, fault.side), -1);
  else if (fault.kind === 'slow')
    for (const [from, to] of crossing(machines.length, fault.side))
      network.slow(from, to, by === 1 ? fault : undefined);
  else throw new Error(`the simulation cannot make the fault "${fault.kind}"`);
}

function reachStore(world: World, node: number | undefined, by: 1 | -1): void {
  const { cuts } = world.store;
  const who = node ?? -1;
  cuts.set(who, (cuts.get(who) ?? 0) + by);
}

function operate(world: World, machine: Machine, command: OperatorCommand): void {
  if (!machine.powered) return;
  const event = { type: 'operator', id: 1, command } as const;
  world.at(world.now, machine.index, { type: 'event', life: machine.life, event });
}

/** The directed pairs between these machines and all others. */
function crossing(count: number, side: readonly number[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (let from = 0; from < count; from++)
    for (let to = 0; to < count; to++) if (side.includes(from) !== side.includes(to)) pairs.push([from, to]);
  return pairs;
}
