import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';

/**
 * Sets of voters follow each other by number: one set an epoch, whoever counts by it; one voter more or less than the set
 * before; in force only where it is on the disk, so that a restart never takes a machine back; chosen only when a majority of
 * the set before and of its own has it on the disk; and, when all is healed, the same set everywhere.
 */
export function epochs(): Checker {
  const sets = new Map<number, readonly string[]>();
  /** The newest epoch that each machine counted by, in all its lives. */
  const reached = new Map<number, number>();
  const seen = new Map<number, readonly string[]>();
  return {
    name: 'epochs',
    stepped(world, { name, index, state, record }) {
      if (state === undefined) return;
      const { epoch, voters } = state;
      if (seen.get(index) === voters) return;
      seen.set(index, voters);
      if (sets.size === 0) sets.set(0, configured(world));
      const before = reached.get(index) ?? 0;
      if (epoch < before) throw new Violation(`${name} is back in epoch ${epoch}, and was in ${before}`);
      if (epoch > (record?.epoch ?? 0))
        throw new Violation(`${name} counts by epoch ${epoch} before it has it on its disk`);
      reached.set(index, epoch);
      const known = sets.get(epoch);
      if (known === undefined) {
        judgeNew(world, sets.get(epoch - 1), epoch, voters);
        sets.set(epoch, voters);
      } else if (!isSame(known, voters))
        throw new Violation(`epoch ${epoch} is ${known.join(' ')}, and on ${name} ${voters.join(' ')}`);
    },
    ended(world) {
      const newest = Math.max(...reached.values(), 0);
      for (const { name, state } of world.machines)
        if (state !== undefined && state.epoch !== newest)
          throw new Violation(`${name} still counts by epoch ${state.epoch} long after the heal, others by ${newest}`);
    },
  };
}

/** The first machine that counts by a set: it must follow the one before, and be chosen by then. */
function judgeNew(world: World, before: readonly string[] | undefined, epoch: number, voters: readonly string[]): void {
  if (before === undefined) throw new Violation(`epoch ${epoch} is in force, and there never was one before it`);
  const changed = [
    ...before.filter((name) => !voters.includes(name)),
    ...voters.filter((name) => !before.includes(name)),
  ];
  if (changed.length > 1 || voters.length === 0)
    throw new Violation(`epoch ${epoch} changes ${changed.join(' and ')} at once`);
  const has = (name: string): boolean => {
    const record = world.machines.find((machine) => machine.name === name)?.record;
    if (record === undefined || record.epoch >= epoch) return record !== undefined;
    return record.epoch === epoch - 1 && record.accepted !== undefined && isSame(record.accepted.voters, voters);
  };
  for (const set of [before, voters]) {
    const count = set.filter(has).length;
    if (2 * count <= set.length)
      throw new Violation(`epoch ${epoch} is in force while ${count} of ${set.join(' ')} have it on the disk`);
  }
}

function configured({ machines }: World): readonly string[] {
  return machines.map(({ name }) => name);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
