import type { OperatorCommand } from '../../src/core/event.ts';
import { attack } from './attack.ts';
import type { Machine } from './machine.ts';
import type { Fault } from './plan.ts';
import type { World } from './world.ts';

/** Begins a fault, and sees to it that it ends in its time; what is healed at the end of a run stays healed. */
export function applyFault(world: World, fault: Fault): void {
  const until: Until = (end) => {
    if (!('lasts' in fault)) return;
    world.at(fault.at + fault.lasts, -1, () => {
      if (world.healed) return;
      world.caused();
      end();
    });
  };
  const machine = world.machines['node' in fault ? (fault.node ?? 0) : 0]!;
  switch (fault.kind) {
    case 'power':
      machine.off++;
      world.powerOff(machine);
      until(() => {
        if (--machine.off > 0) return;
        machine.frozen = 0;
        world.powerOn(machine);
      });
      return;
    case 'kill':
      machine.killed++;
      machine.running = false;
      until(() => {
        if (--machine.killed <= 0) world.start(machine);
      });
      return;
    case 'freeze':
      if (!machine.powered) return;
      freeze(world, machine, until);
      return;
    case 'stall':
      machine.stalledUntil = Math.max(machine.stalledUntil, world.now + fault.lasts);
      return;
    case 'refuse':
      machine.refusing++;
      until(() => machine.refusing--);
      return;
    case 'cut':
      cut(world, [[fault.from, fault.to]], -1, until);
      return;
    case 'partition':
      cut(world, crossing(world.machines.length, fault.side), -1, until);
      return;
    case 'link':
      cut(world, crossing(world.machines.length, 1 << fault.node), fault.link, until);
      return;
    case 'attack':
      attack(world, machine, fault.lasts);
      return;
    case 'store': {
      const { cuts } = world.store;
      const who = fault.node ?? -1;
      cuts.set(who, (cuts.get(who) ?? 0) + 1);
      until(() => cuts.set(who, (cuts.get(who) ?? 0) - 1));
      return;
    }
    case 'flush':
      if (!machine.powered) return;
      machine.gate.flush();
      machine.acceptsPassed.clear();
      world.at(world.now + 5, machine.index, { type: 'event', life: machine.life, event: { type: 'gateLost' } });
      return;
    case 'reach': {
      const event = { type: 'reach', reached: fault.reached, of: 2 } as const;
      world.at(world.now, machine.index, { type: 'event', life: machine.life, event });
      return;
    }
    case 'add':
    case 'remove': {
      const { name } = world.machines[fault.voter]!;
      operate(world, machine, { kind: 'reconfigure', add: undefined, remove: undefined, [fault.kind]: name });
      return;
    }
    case 'standby':
      operate(world, machine, { kind: 'standby' });
      until(() => operate(world, machine, { kind: 'online' }));
      return;
    case 'leave':
      // An orderly stop: asked to leave, ended a while later, started again.
      operate(world, machine, { kind: 'leave' });
      world.at(world.now + 400, -1, () => {
        if (world.healed) return;
        machine.killed++;
        machine.running = false;
      });
      world.at(world.now + 400 + fault.lasts, -1, () => {
        if (!world.healed && --machine.killed <= 0) world.start(machine);
      });
      return;
  }
}

type Until = (end: () => void) => void;

function cut(world: World, pairs: readonly [number, number][], link: number, until: Until): void {
  for (const [from, to] of pairs) world.network.cut(from, to, link, 1);
  until(() => {
    for (const [from, to] of pairs) world.network.cut(from, to, link, -1);
  });
}

function freeze(world: World, machine: Machine, until: Until): void {
  machine.frozen++;
  until(() => {
    if (machine.frozen > 0 && --machine.frozen === 0) world.thaw(machine);
  });
}

function operate(world: World, machine: Machine, command: OperatorCommand): void {
  if (!machine.powered) return;
  const event = { type: 'operator', id: 1, command } as const;
  world.at(world.now, machine.index, { type: 'event', life: machine.life, event });
}

/** The directed pairs between the two sides of a partition. */
function crossing(count: number, side: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let from = 0; from < count; from++)
    for (let to = 0; to < count; to++) if (((side >> from) & 1) !== ((side >> to) & 1)) pairs.push([from, to]);
  return pairs;
}
