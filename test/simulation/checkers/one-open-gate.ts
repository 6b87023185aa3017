import { takesClocksForGood } from '../known-drift.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/** The machines that would take up a new client's frame for this group now, each with how it comes to it. */
export function acceptors(world: World, group: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const machine of world.machines) {
    if (!machine.powered) continue;
    if (machine.gate.isOpen(group, world.now)) {
      found.set(machine.name, 'its gate is open');
      continue;
    }
    // Whoever a frame is passed on to takes it, behind an open gate or as from a peer director.
    const to = machine.gate.passesTo(group, world.now);
    const target = world.machines.find((candidate) => candidate.name === to);
    if (target?.powered && !found.has(target.name)) found.set(target.name, `${machine.name} passes on to it`);
  }
  return found;
}

/**
 * Never two nodes that accept new client frames for one address. A gate opens only when its kernel applies a grant, and
 * passing on begins only with a close, so two can only begin to overlap there. By how much one may outlast its lease that
 * cannot know how bad clocks are is judged by `minority`.
 */
export function oneOpenGate(): Checker {
  return {
    name: 'one-open-gate',
    gateChanged(world, _machine, groups) {
      for (const group of groups) {
        const found = acceptors(world, group);
        if (found.size <= 1) continue;
        if (world.machines.some((machine) => found.has(machine.name) && takesClocksForGood(world, machine))) continue;
        const list = [...found].map(([name, how]) => `${name} (${how})`).join(' and ');
        throw new Violation(`two accept frames for ${group}: ${list}`);
      }
    },
  };
}
