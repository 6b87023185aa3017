import type { Machine } from '../machine.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/** For so long failures count, in the settings of `cluster.ts`; and how many bring a group away from a node. */
export const failureTimeout = 3000;
export const migrationThreshold = 2;
/** So long after the heal whatever is given up has moved; sooner than it is forgotten. */
const movedWithin = 2600;
/** Starts of one resource beside those that failures and takeovers bring: a hand-over that came to nothing, a look that was wrong. */
const spareStarts = 3;

/**
 * What the resources of groups may never do, by what really runs where:
 *
 *   - a group is handed over, released or dropped only when nothing of it runs there, as far as its agents are honest and can
 *     be stopped; so two nodes run one group only where one of them lost the lease and is behind its gate;
 *   - a musterd that is to end says that it is done only when nothing of what it ran is left;
 *   - nothing is started that runs already, as far as its agents are honest;
 *   - restarts are bounded;
 *   - a group that one node gave up is somewhere else before that node forgets it, where another one may run it;
 *   - when all is healed, whoever holds a group runs all of it, and nobody else runs anything of it.
 */
export function resources(): Checker {
  const starts = new Map<string, number[]>();
  let looked = false;
  return {
    name: 'resources',
    stepped(world, machine, _event, effects) {
      if (!looked && world.healed && world.now > world.plan.healAt + movedWithin) {
        looked = true;
        for (const { name } of world.cluster.groups) mustHaveLeft(world, name);
      }
      for (const effect of effects) {
        if (effect.type === 'decide' && effect.decision.what === 'takeover')
          for (const key of starts.keys())
            if (key.startsWith(`${machine.name} ${effect.decision.group} `)) starts.delete(key);
        // Who has no vote any more shuts its gate at once, whatever runs behind it.
        const dropped =
          effect.type === 'decide' &&
          effect.decision.what === 'release' &&
          /^this node leaves/.test(effect.decision.why)
            ? [effect.decision.group!]
            : [];
        const passes = effect.type === 'close' && effect.passTo !== undefined ? effect.groups : [];
        const released =
          effect.type === 'send' && effect.message.kind === 'release'
            ? effect.message.releases.map(({ group }) => group)
            : [];
        for (const group of [...dropped, ...passes, ...released]) mustNotRun(machine, group);
        if (effect.type === 'reply' && / holds nothing$/.test(effect.text) && leaves(machine))
          for (const { name } of world.cluster.groups) mustNotRun(machine, name);
      }
    },
    agentBegins(world, machine, group, key, action) {
      if (action !== 'start') return;
      const { agents } = machine;
      if (agents?.runs.has(key) && !agents.lied.has(key)) throw new Violation(`${machine.name} starts ${key} twice`);
      const id = `${machine.name} ${group} ${key} ${machine.life}`;
      const lately = (starts.get(id) ?? []).filter((at) => world.now - at < failureTimeout);
      lately.push(world.now);
      starts.set(id, lately);
      const most = (world.plan.agents ?? 0) * migrationThreshold + spareStarts;
      if (lately.length > most)
        throw new Violation(`${machine.name} starts ${key} ${lately.length} times in ${failureTimeout} ms`);
    },
    ended(world) {
      for (const { name } of world.cluster.groups) settledWell(world, name);
    },
  };
}

/** An orderly stop of a musterd that nobody has asked to let alone what runs. */
function leaves({ state }: Machine): boolean {
  return state?.leaving === true && state.orders.maintenance.size === 0;
}

function mustNotRun(machine: Machine, group: string): void {
  const { agents } = machine;
  if (agents === undefined || agents.isStuck(group)) return;
  const running = agents.runningOf(group);
  if (running.length > 0)
    throw new Violation(`${machine.name} releases ${group} while ${running.join(', ')} runs there`);
}

/** Long leases move too slowly for this. */
function mustHaveLeft(world: World, group: string): void {
  if (world.cluster.timings.lease > 200) return;
  const holder = world.machines.find(({ gate }) => gate.isOpen(group, world.now));
  if (holder?.agents === undefined || holder.agents.mayRun(group)) return;
  const { rules = [], groups = {} } = world.cluster.placement ?? {};
  // Where a strict rule holds it back it may have no other node.
  if (rules.some(({ kind, strict }) => strict && kind !== 'order')) return;
  const others = world.machines
    .filter(({ name, agents }) => agents?.mayRun(group) === true && groups[group]?.never.includes(name) !== true)
    .map(({ name }) => name);
  if (others.length > 0)
    throw new Violation(`${holder.name} gives ${group} up and keeps it, though ${others.join(', ')} might have it`);
}

function settledWell(world: World, group: string): void {
  const all = Array.from({ length: world.plan.agents ?? 0 }, (_, index) => `${group} ${index}`);
  for (const { name, agents, gate } of world.machines) {
    if (agents === undefined) continue;
    const holds = gate.isOpen(group, world.now);
    // Of what an agent has sworn to be stopped nobody can know.
    const runs = all.filter((key) => agents.runs.has(key) && (holds || !agents.lied.has(key)));
    const wanted = holds ? all : [];
    if (runs.join() !== wanted.join())
      throw new Violation(
        `long after the heal ${name} runs ${runs.join(', ') || 'nothing'} of ${group}, not ${wanted.join(', ') || 'nothing'}`,
      );
  }
}
