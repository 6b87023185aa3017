import { canFenceFrom } from '../../../src/model/fencing.ts';
import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/** Without any fault for so long, somebody has tried; milliseconds. Longer leases take longer. */
const patience = 3000;
const longestLease = 200;

/**
 * Whoever is waited for as it is not heard any more is fenced by somebody, as long as anybody who is well has a way to do it,
 * whether he may have what waits or not. Looked at where nothing has happened for a while.
 */
export function waitedFor(): Checker {
  /** By who waits, in which life, and for whom: since when. */
  const since = new Map<string, number>();
  const tried = new Map<string, number>();
  let lastCause = 0;
  return {
    name: 'waited-for',
    stepped(world, machine, _event, effects) {
      const waitsFor = machine.state?.fencing.waitsFor ?? [];
      for (const { name } of world.machines) {
        const key = `${machine.name} ${machine.life} ${name}`;
        if (!waitsFor.includes(name)) since.delete(key);
        else if (!since.has(key)) since.set(key, world.now);
      }
      for (const effect of effects)
        if (effect.type === 'fence' && canFenceFrom(world.cluster.fencing, machine.name, effect.node))
          tried.set(effect.node, world.now);
    },
    caused(world) {
      const before = lastCause;
      lastCause = world.now;
      if (world.now - before < patience || world.cluster.timings.lease > longestLease) return;
      for (const machine of world.machines)
        for (const node of machine.running ? (machine.state?.fencing.waitsFor ?? []) : []) {
          const waits = since.get(`${machine.name} ${machine.life} ${node}`) ?? world.now;
          if (world.now - waits < patience || (tried.get(node) ?? 0) >= waits) continue;
          const idle = world.machines.find((other) => couldFence(world, other, machine, node));
          if (idle !== undefined)
            throw new Violation(`${machine.name} waits for ${node}, and ${idle.name} could fence it and does not`);
        }
    },
  };
}

/** Whether a machine is well, hears who waits, does not hear who is waited for, and has a way. */
function couldFence({ cluster }: World, { name, running, frozen, stopped, state }: Machine, by: Machine, node: string) {
  if (!running || frozen > 0 || stopped > 0 || state === undefined || !state.quorate || state.leaving) return false;
  if (state.fencing.ended || state.orders.maintenance.size > 0 || !state.voters.includes(name)) return false;
  const waits = state.peers.get(by.name);
  if (name !== by.name && waits?.state !== 'up') return false;
  return state.peers.get(node)?.state === 'dead' && canFenceFrom(cluster.fencing, name, node);
}
