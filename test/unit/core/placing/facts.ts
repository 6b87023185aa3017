import fc from 'fast-check';
import type { GroupFacts, NodeFacts, PlacementFacts } from '../../../../src/core/placing/facts.ts';
import type { Plan } from '../../../../src/core/placing/plan.ts';
import {
  type GroupPlacement,
  type GroupRule,
  noGroupPlacement,
  type Placement,
} from '../../../../src/model/placement.ts';

/** Facts as a test says them: names alone are nodes that are able, and groups that run nowhere and prefer the first node. */
export interface Said {
  readonly nodes?: readonly (string | (Partial<NodeFacts> & { readonly name: string }))[];
  readonly groups?: readonly (string | (Partial<GroupFacts> & { readonly name: string }))[];
  readonly rules?: readonly (Omit<GroupRule, 'strict'> & { readonly strict?: boolean })[];
  readonly capacity?: Placement['capacity'];
  readonly per?: Readonly<Record<string, Partial<GroupPlacement>>>;
  readonly stickiness?: number;
  readonly failback?: Placement['failback'];
  readonly autoFailback?: boolean;
  readonly minuteOfWeek?: number;
}

export function factsOf(said: Said): PlacementFacts {
  const nodes = (said.nodes ?? ['n1', 'n2', 'n3']).map(
    (one): NodeFacts => ({
      unable: undefined,
      upFor: 1e9,
      reach: 0,
      ...(typeof one === 'string' ? { name: one } : one),
    }),
  );
  const groups = (said.groups ?? []).map(
    (one): GroupFacts => ({
      preferred: nodes[0]!.name,
      on: undefined,
      barred: new Map(),
      pinned: undefined,
      ...(typeof one === 'string' ? { name: one } : one),
    }),
  );
  return {
    placement: {
      stickiness: said.stickiness ?? 0,
      failback: said.failback,
      groups: Object.fromEntries(
        Object.entries(said.per ?? {}).map(([name, more]) => [name, { ...noGroupPlacement, ...more }]),
      ),
      capacity: said.capacity ?? {},
      rules: (said.rules ?? []).map((rule) => ({ strict: false, ...rule })),
    },
    autoFailback: said.autoFailback ?? false,
    nodes,
    groups,
    minuteOfWeek: said.minuteOfWeek,
  };
}

/** `{ web: 'n1' }` of a plan; who runs nowhere is undefined. */
export function placesOf({ groups }: Plan): Record<string, string | undefined> {
  return Object.fromEntries(groups.map(({ group, to }) => [group, to]));
}

/** The same facts, with every group where a plan put it. */
export function settled(facts: PlacementFacts, plan: Plan): PlacementFacts {
  const places = placesOf(plan);
  return { ...facts, groups: facts.groups.map((group) => ({ ...group, on: places[group.name] })) };
}

/** The same facts without one node. */
export function without(facts: PlacementFacts, node: string): PlacementFacts {
  const nodes = facts.nodes.map((one) => (one.name === node ? { ...one, unable: 'dead' } : one));
  return { ...facts, nodes };
}

const amount = fc.integer({ min: 0, max: 6 });

/** Any facts of up to 6 nodes and 12 groups; `rules: false` leaves the rules between groups out. */
export function anyFacts({ rules }: { readonly rules: boolean }): fc.Arbitrary<PlacementFacts> {
  return fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 12 })).chain(([nodeCount, groupCount]) => {
    const nodeNames = Array.from({ length: nodeCount }, (_, index) => `n${index + 1}`);
    const groupNames = Array.from({ length: groupCount }, (_, index) => `g${index + 1}`);
    const node = fc.constantFrom(...nodeNames);
    const perhaps = fc.option(node, { nil: undefined });
    const failback = fc.constantFrom<Placement['failback']>(
      undefined,
      { kind: 'on' },
      { kind: 'off' },
      { kind: 'after', delay: 1000 },
      { kind: 'window', window: { days: [1], from: 60, to: 120 } },
    );
    const perGroup = fc.record({
      prefer: fc.dictionary(node, fc.integer({ min: -200, max: 200 }), { maxKeys: 3 }),
      never: fc.uniqueArray(node, { maxLength: 2 }),
      stickiness: fc.option(fc.integer({ min: 0, max: 150 }), { nil: undefined }),
      failback,
      uses: fc.dictionary(fc.constantFrom('cpu', 'memory'), amount, { maxKeys: 2 }),
    });
    const rule = fc.record({
      kind: fc.constantFrom('together', 'apart', 'order' as const),
      groups: fc.uniqueArray(fc.constantFrom(...groupNames), { minLength: 1, maxLength: 3 }),
      strict: fc.boolean(),
    });
    return fc.record({
      placement: fc.record({
        stickiness: fc.constantFrom(0, 50),
        failback,
        groups: fc
          .tuple(...groupNames.map(() => perGroup))
          .map((all) => Object.fromEntries(groupNames.map((name, index) => [name, all[index]!]))),
        capacity: fc.dictionary(
          node,
          fc.dictionary(fc.constantFrom('cpu', 'memory'), fc.integer({ min: 0, max: 15 }), { maxKeys: 2 }),
        ),
        rules: rules ? fc.array(rule, { maxLength: 5 }) : fc.constant([]),
      }),
      autoFailback: fc.boolean(),
      nodes: fc.tuple(
        ...nodeNames.map((name) =>
          fc.record({
            name: fc.constant(name),
            unable: fc.constantFrom(undefined, undefined, undefined, 'it is in standby'),
            upFor: fc.constantFrom(500, 5000),
            reach: fc.constantFrom(1, 1, 1, 2),
          }),
        ),
      ),
      groups: fc.tuple(
        ...groupNames.map((name) =>
          fc.record({
            name: fc.constant(name),
            preferred: node,
            on: perhaps,
            barred: perhaps.map((where) => new Map(where === undefined ? [] : [[where, 'it failed there']])),
            pinned: fc.option(node, { nil: undefined, freq: 8 }),
          }),
        ),
      ),
      minuteOfWeek: fc.option(fc.nat(7 * 24 * 60 - 1), { nil: undefined }),
    });
  });
}
