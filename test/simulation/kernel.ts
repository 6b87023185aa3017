import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import type { Machine } from './machine.ts';
import { showDecision } from './transcript.ts';
import type { World } from './world.ts';

/** Kernels count set timeouts in ticks; this is the longest one (HZ=100). */
const kernelTick = 10;

/** The longest that a disk which is well takes for a record, in milliseconds. */
const usualDisk = 10;

/** Does what a core asked for, as unkindly as the plan says. */
export function perform(world: World, machine: Machine, effect: Effect): void {
  switch (effect.type) {
    case 'send':
      world.send(machine, effect.to, effect.message, effect.epoch);
      return;
    case 'arm': {
      const { groups, token, lifetime } = effect;
      command(world, machine, { type: 'armed', token, ok: true }, () => {
        const until = world.now + machine.trueSpan(lifetime) + world.random.next() * kernelTick;
        machine.gate.arm(groups, token, until, world.now);
      });
      return;
    }
    case 'grant': {
      const { groups, token } = effect;
      command(world, machine, { type: 'granted', token, ok: true }, () => {
        machine.gate.grant(groups, token);
        world.note(() => `${machine.name} kernel: gate of ${groups.join(' ')} points at ${token}`);
        world.gateChanged(machine, groups);
      });
      return;
    }
    case 'close':
      close(world, machine, effect);
      return;
    case 'acceptPassed': {
      const { from, groups, lifetime } = effect;
      command(world, machine, undefined, () => {
        const until = world.now + machine.trueSpan(lifetime);
        for (const group of groups) machine.acceptsPassed.set(group, { from, until });
      });
      return;
    }
    case 'hold':
      if (machine.held.join() !== effect.groups.join())
        world.note(
          () => `${machine.name} kernel: addresses of ${effect.groups.join(' ') || 'no group'} on the network`,
        );
      machine.held = effect.groups;
      return;
    case 'noteFenced':
      machine.fencedNote = effect.fenced;
      return;
    case 'persistOrders':
      machine.orders = { at: world.now, list: effect.orders };
      return;
    case 'persistEpoch':
    case 'persistOwners':
      persist(world, machine, effect);
      return;
    case 'fence':
      world.fencing.fence(world, machine, effect);
      return;
    case 'storeRead':
    case 'storeWrite':
      world.store.ask(world, machine, effect);
      return;
    case 'announce':
      for (const group of effect.groups) machine.announcedAt.set(group, world.now);
      return;
    case 'decide':
      world.note(() => `${machine.name} decides: ${showDecision(effect.decision)}`);
      return;
    case 'reply':
      world.note(() => `${machine.name} replies: ${effect.text}`);
      return;
    case 'want':
      machine.agents?.want(effect.group, effect.wish, effect.urgently, effect.id);
      return;
    case 'probeAddress':
    case 'followPeers':
      return;
  }
}

/** A disk that takes its time, one write after the other; what it was given is written although the process dies. */
function persist(
  world: World,
  machine: Machine,
  effect: Extract<Effect, { type: 'persistEpoch' | 'persistOwners' }>,
): void {
  const { boot, life } = machine;
  const longest = world.healed ? usualDisk : (world.plan.slowDisk ?? usualDisk);
  machine.diskFreeAt = Math.max(world.now, machine.diskFreeAt) + 0.5 + world.random.next() * longest;
  machine.writes.push({ life, effect });
  world.at(machine.diskFreeAt, machine.index, {
    type: 'kernel',
    boot,
    apply: () => {
      // After a freeze commands wake up in any order; a disk keeps its own.
      const { life: writer, effect: written } = machine.writes.shift()!;
      if (written.type === 'persistEpoch') machine.record = written.record;
      else machine.owners = written.records;
      const type = written.type === 'persistEpoch' ? 'epochPersisted' : 'ownersPersisted';
      const event: Event = { type, id: written.id, ok: true };
      world.at(world.now + 0.1, machine.index, { type: 'event', life: writer, event });
    },
  });
}

function close(world: World, machine: Machine, effect: Extract<Effect, { type: 'close' }>): void {
  const { groups, token, passTo, passFor, passToken } = effect;
  command(world, machine, { type: 'closed', token, ok: true }, () => {
    const pass =
      passTo === undefined || passToken === undefined
        ? undefined
        : { to: passTo, token: passToken, until: world.now + machine.trueSpan(passFor ?? 0) };
    machine.gate.close(groups, pass);
    for (const group of groups) machine.acceptsPassed.delete(group);
    world.note(
      () =>
        `${machine.name} kernel: gate of ${groups.join(' ')} shut${passTo === undefined ? '' : `, passing to ${passTo}`}`,
    );
    world.gateChanged(machine, groups);
  });
}

type Acknowledgement = Extract<Event, { type: 'armed' | 'granted' | 'closed' }>;

/** One kernel command behind all before it; the process hears of it when it has been applied, or refused. */
function command(world: World, machine: Machine, ack: Acknowledgement | undefined, apply: () => void): void {
  const { random } = world;
  const slow = !world.healed && random.chance(world.plan.slowCommands) ? random.next() * 300 : 0;
  const at = Math.max(world.now, machine.kernelFreeAt, machine.stalledUntil) + 0.1 + random.next() * 0.3 + slow;
  machine.kernelFreeAt = at;
  const { boot, life } = machine;
  world.at(at, machine.index, {
    type: 'kernel',
    boot,
    apply: () => {
      const ok = machine.refusing === 0;
      if (ok) apply();
      if (ack !== undefined) world.at(world.now + 0.1, machine.index, { type: 'event', life, event: { ...ack, ok } });
    },
  });
}
