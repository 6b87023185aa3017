/** How long it takes to place many groups with rules of every kind: at a start, after a loss, and when nothing has happened. */
import type { PlacementFacts } from '../../src/core/placing/facts.ts';
import { makePlan } from '../../src/core/placing/plan.ts';
import type { GroupRule, Placement } from '../../src/model/placement.ts';
import type { Figure, Goal } from './figures.ts';

const goal: Goal = { median: 5 };
const nodeCount = 16;
const groupCount = 100;

/** A pair of rules for each ten groups, weights for a third of them, and capacity that is four fifths used. */
function facts(): PlacementFacts {
  const nodes = Array.from({ length: nodeCount }, (_, index) => `n${index + 1}`);
  const groups = Array.from({ length: groupCount }, (_, index) => `g${index + 1}`);
  const rules = Array.from({ length: groupCount / 10 }, (_, ten): GroupRule[] => [
    { kind: 'together', groups: groups.slice(10 * ten, 10 * ten + 2), strict: ten % 2 === 0 },
    { kind: 'apart', groups: groups.slice(10 * ten + 2, 10 * ten + 6), strict: ten % 3 === 0 },
    { kind: 'order', groups: groups.slice(10 * ten + 6, 10 * ten + 9), strict: true },
  ]).flat();
  const per: Placement['groups'] = Object.fromEntries(
    groups.map((name, index) => [
      name,
      {
        prefer: index % 3 === 0 ? { [nodes[index % nodeCount]!]: 200, [nodes[(index + 5) % nodeCount]!]: 50 } : {},
        never: index % 5 === 0 ? [nodes[(index + 1) % nodeCount]!] : [],
        stickiness: undefined,
        failback: undefined,
        uses: { memory: 1 + (index % 4) },
      },
    ]),
  );
  const capacity = Object.fromEntries(nodes.map((name) => [name, { memory: 20 }]));
  return {
    placement: { stickiness: 10, failback: undefined, groups: per, capacity, rules },
    autoFailback: true,
    nodes: nodes.map((name) => ({ name, unable: undefined, upFor: 1e6, reach: 1 })),
    groups: groups.map((name, index) => ({
      name,
      preferred: nodes[index % nodeCount]!,
      on: undefined,
      barred: new Map(),
      pinned: undefined,
    })),
    minuteOfWeek: undefined,
  };
}

export function placementFigures(n: number): Figure[] {
  const start = facts();
  const places = new Map(makePlan(start).groups.map(({ group, to }) => [group, to]));
  const settled = { ...start, groups: start.groups.map((group) => ({ ...group, on: places.get(group.name) })) };
  const lost = {
    ...settled,
    nodes: settled.nodes.map((node, index) => (index === 3 ? { ...node, unable: 'dead' } : node)),
  };
  const strangers = start.nodes.map((_, place) => movedBy(settled, place));
  const named = { 'nothing runs yet': start, 'one node is lost': lost, 'nothing has happened': settled };
  const figures = Object.entries(named).map(
    ([name, given]): Figure => ({
      name: `placement of ${groupCount} groups on ${nodeCount} nodes, ${name}`,
      unit: 'ms',
      values: times(given, n),
      goal,
    }),
  );
  const name = 'groups that move without having run on the node that is lost, each node lost once';
  return [...figures, { name, unit: 'groups', values: strangers, goal: { max: 0 } }];
}

/** How many groups move that did not run on this node, when it is lost. */
function movedBy(settled: PlacementFacts, place: number): number {
  const { name: gone } = settled.nodes[place]!;
  const nodes = settled.nodes.map((node) => (node.name === gone ? { ...node, unable: 'dead' } : node));
  return makePlan({ ...settled, nodes }).groups.filter(({ from, to }) => from !== gone && from !== to).length;
}

/** Milliseconds a plan, each value over some dozens of plans; the first round is for the compiler. */
function times(given: PlacementFacts, n: number): number[] {
  const plans = 50;
  const once = (): number => {
    const begin = performance.now();
    for (let index = 0; index < plans; index++) makePlan(given);
    return (performance.now() - begin) / plans;
  };
  once();
  return Array.from({ length: n }, once);
}
