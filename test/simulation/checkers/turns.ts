import type { Message } from '../../../src/core/message.ts';
import { candidates } from '../../../src/core/placement.ts';
import { rankDelay } from '../../../src/core/takeover.ts';
import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/**
 * Challengers take turns: who is not the first that should have a group gives each that comes before it some time for itself,
 * counted from the end of the last lease that it voted for. Else all would ask at once, and outbid each other. What was
 * released to a node is no challenge, and in maintenance nobody takes turns.
 */
export function turns(): Checker {
  return {
    name: 'turns',
    stepped(world, machine, _event, effects) {
      if (world.plan.orders) return;
      for (const effect of effects)
        if (effect.type === 'send' && effect.message.kind === 'prepare') return judge(world, machine, effect.message);
    },
  };
}

function judge(world: World, machine: Machine, { requests }: Extract<Message, { kind: 'prepare' }>): void {
  const state = machine.state!;
  const now = machine.local(world.now);
  for (const { group: name, released } of requests) {
    const group = state.groups.get(name);
    if (group?.holder === undefined || group.claim.phase !== 'preparing' || released !== undefined) continue;
    const { accepted } = group.slot;
    if (accepted === undefined || accepted.ballot.node === machine.name || accepted.reservedFor !== undefined) continue;
    const early = accepted.until + rankDelay * candidates(state, group).indexOf(machine.name) - now;
    if (early > 0) throw new Violation(`${machine.name} asks for ${name} ${early.toFixed(1)} ms before its turn`);
  }
}
