import { Violation } from '../violation.ts';
import type { World } from '../world.ts';
import type { Checker } from './checker.ts';
import { acceptors } from './one-open-gate.ts';

/** The longest tick of a kernel, which the gate's margin pays for and a kernel may use up. */
const kernelTick = 10;

/**
 * How long two gates can be open at once, in true milliseconds, where clocks are off by up to `drift` although the cluster
 * was told `bound` at most; 0 or less where they are not.
 *
 * A gate is armed for G = lease (1 - 2 bound) - tick and shuts G / (1 - drift) + tick later at the latest, where its clock
 * is slowest. A voter that granted after that forgets lease / (1 + drift) later at the earliest, where its clock is fastest.
 * Worse is a voter that restarted: it forgot a promise, and stays silent for 1.2 leases, because an attempt that was made
 * before the promise arms a fifth of a lease later at most, by its own slow clock. So two gates are open together for no
 * more than the difference between those two, whatever else happens.
 */
export function overlapBound(lease: number, bound: number, drift: number): number {
  const longest = (1.2 * lease - 2 * bound * lease - kernelTick) / (1 - drift) + kernelTick;
  return longest - (1.2 * lease) / (1 + drift);
}

/** Where clocks drift beyond the bound two gates may be open at once: but not for longer than `overlapBound`. */
export function overlap(): Checker {
  const since = new Map<string, { from: number; until: number }>();
  return {
    name: 'overlap',
    gateChanged(world, _machine, groups) {
      for (const group of groups) {
        const until = secondLast(world, group);
        if (until === undefined) continue;
        const before = since.get(group);
        const from = before !== undefined && world.now <= before.until ? before.from : world.now;
        since.set(group, { from, until });
        const { lease } = world.cluster.timings;
        const bound = overlapBound(lease, world.plan.driftBound, world.plan.drift);
        if (until - from <= bound) continue;
        throw new Violation(
          `two accept frames for ${group} for ${(until - from).toFixed(1)} ms, with clocks off by ${world.plan.drift}: at most ${bound.toFixed(1)} ms`,
        );
      }
    },
  };
}

/** When only one will be left of those that accept frames now, if nothing more happens; undefined where that is so already. */
function secondLast(world: World, group: string): number | undefined {
  if (acceptors(world, group).size < 2) return undefined;
  /** By who accepts frames: behind its own gate, or because somebody passes them on to it. */
  const ends = new Map<string, number>();
  const note = (name: string, end: number): void => {
    ends.set(name, Math.max(end, ends.get(name) ?? end));
  };
  for (const { powered, name, gate } of world.machines) {
    if (!powered) continue;
    note(name, gate.openUntil(group, world.now));
    const to = gate.passesTo(group, world.now);
    if (to !== undefined) note(to, gate.passesUntil(group, world.now));
  }
  return [...ends.values()].sort((left, right) => right - left)[1];
}
