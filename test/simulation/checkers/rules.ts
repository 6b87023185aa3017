import type { GroupRule } from '../../../src/model/placement.ts';
import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/**
 * What groups are to each other. No group is ever taken to a node that it must never be on. The other rules may be broken by
 * a takeover, and are repaired afterwards: when all is well again, no fewer of them could hold.
 */
export function rules(): Checker {
  return {
    name: 'rules',
    stepped(world, machine, _event, effects) {
      for (const effect of effects) {
        if (effect.type !== 'decide' || effect.decision.what !== 'takeover') continue;
        const { group = '' } = effect.decision;
        if (neverOn(world, group).includes(machine.name))
          throw new Violation(`${machine.name} took ${group}, which must never be there`);
      }
    },
    ended(world) {
      const names = world.cluster.groups.map(({ name }) => name);
      const holders = names.map((name) => world.machines.find(({ gate }) => gate.isOpen(name, world.now)));
      if (holders.some((holder) => holder === undefined)) return;
      // Stopped in vain for a move that came to nothing, a group is left alone for a minute.
      const stays = holders.some(
        (holder, index) => (holder!.state?.groups.get(names[index]!)?.resources?.staysUntil ?? 0) > holder!.lastLocal,
      );
      if (stays) return;
      const seen = broken(
        world,
        names,
        holders.map((holder) => holder!.name),
      );
      // Only who votes may have a group.
      const voters = world.cluster.nodes.filter((node) => holders[0]!.state?.voters.includes(node));
      const least = leastBroken(world, names, voters, []);
      if (seen > least)
        throw new Violation(
          `long after the heal ${seen} pairs of groups break a rule, where ${least} have to: ${names.map((name, index) => `${name} on ${holders[index]!.name}`).join(', ')}`,
        );
    },
  };
}

function neverOn({ cluster }: World, group: string): readonly string[] {
  return cluster.placement?.groups[group]?.never ?? [];
}

/** The fewest pairs that break a rule, whoever is where it may be. */
function leastBroken(
  world: World,
  names: readonly string[],
  voters: readonly string[],
  places: readonly string[],
): number {
  const group = names[places.length];
  if (group === undefined) return broken(world, names, places);
  const may = voters.filter((node) => !neverOn(world, group).includes(node));
  return Math.min(...may.map((node) => leastBroken(world, names, voters, [...places, node])));
}

function broken({ cluster }: World, names: readonly string[], places: readonly string[]): number {
  const of = ({ kind, groups }: GroupRule): number => {
    if (kind === 'order') return 0;
    const at = groups.map((group) => places[names.indexOf(group)]);
    const pairs = at.flatMap((one, index) => at.slice(index + 1).map((other) => one === other));
    return pairs.filter((same) => same === (kind === 'apart')).length;
  };
  return (cluster.placement?.rules ?? []).reduce((sum, rule) => sum + of(rule), 0);
}
