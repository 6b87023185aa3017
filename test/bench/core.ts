/**
 * `npm run bench:core`: how many steps a second the core takes, fed with what clusters were told and nothing around it, and
 * how long a placement takes.
 */
import type { TimedFault } from '../simulation/plan.ts';
import { record, replay } from './core-trace.ts';
import type { Figure, Goal } from './figures.ts';
import { benchOptions, finishBench } from './options.ts';
import { placementFigures } from './placement.ts';

const goal: Goal = { least: 200_000 };

/** Every second something goes wrong for a third of one, each node in its turn. */
function faultsOf(span: number): readonly TimedFault[] {
  const kinds = ['power', 'freeze', 'stall'] as const;
  const count = Math.floor(span / 1000) - 2;
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[Math.floor(index / 3) % 3]!;
    return { kind, node: index % 3, at: 1500 + index * 1000, lasts: 333 };
  });
}

/** Milliseconds of the cluster's time: enough that one run takes a good part of a second. */
const span = 120_000;

const worlds = {
  quiet: { name: '3 nodes, 1 group, nothing happens', nodes: 3, groups: 1, faults: [], goal },
  faults: { name: '3 nodes, 3 groups, a fault a second', nodes: 3, groups: 3, faults: faultsOf(span), goal },
  large: { name: '9 nodes, 3 groups, nothing happens', nodes: 9, groups: 3, faults: [], goal: {} },
} as const;

const options = benchOptions([...Object.keys(worlds), 'placement'], 7);
const figures: Figure[] = [];
for (const [part, { name, nodes, groups, faults, goal }] of Object.entries(worlds)) {
  if (!options.wants(part)) continue;
  const traces = record(nodes, groups, faults, span);
  // Once for the compiler: a figure is about the code, not about its first seconds.
  replay(traces);
  const values = Array.from({ length: options.n }, () => replay(traces));
  figures.push({ name, unit: 'steps/s', values, goal });
}
if (options.wants('placement')) figures.push(...placementFigures(options.n));
process.exitCode = finishBench('core', figures, options);
