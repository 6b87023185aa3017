import assert from 'node:assert/strict';
import fc from 'fast-check';
import { explainPlan } from '../../../../src/core/placing/explain.ts';
import type { PlacementFacts } from '../../../../src/core/placing/facts.ts';
import { makePlan, type Plan } from '../../../../src/core/placing/plan.ts';
import { draws } from '../../../draws.ts';
import { anyFacts, factsOf, placesOf, settled, without } from './facts.ts';

const runs = { numRuns: draws(600) };
const withRules = anyFacts({ rules: true });

/** Of a plan, all that nobody may break, whatever else it weighs. */
function assertLawful({ placement, nodes, groups }: PlacementFacts, plan: Plan): void {
  const places = placesOf(plan);
  const used = new Map<string, number>();
  for (const { name, barred } of groups) {
    const at = places[name];
    if (at === undefined) continue;
    assert.equal(nodes.find((node) => node.name === at)?.unable, undefined, `${name} is on ${at}`);
    assert.equal(placement.groups[name]?.never.includes(at) ?? false, false, `${name} is never on ${at}`);
    assert.equal(barred.has(at), false, `${name} is barred from ${at}`);
    for (const [what, amount] of Object.entries(placement.groups[name]?.uses ?? {}))
      used.set(`${at} ${what}`, (used.get(`${at} ${what}`) ?? 0) + amount);
  }
  for (const [node, amounts] of Object.entries(placement.capacity))
    for (const [what, limit] of Object.entries(amounts))
      assert.ok((used.get(`${node} ${what}`) ?? 0) <= limit, `${node} has ${limit} ${what}`);
  for (const rule of placement.rules.filter(({ strict }) => strict)) {
    const there = rule.groups.map((name) => places[name]);
    for (const [index, at] of there.entries()) {
      if (at === undefined) continue;
      const others = there.filter((_, other) => other !== index);
      if (rule.kind === 'apart') assert.equal(others.includes(at), false, `${rule.groups} on ${there}`);
      if (rule.kind === 'together' && index > 0) assert.equal(there[index - 1], at, `${rule.groups} on ${there}`);
      if (rule.kind === 'order' && index > 0)
        assert.notEqual(there[index - 1], undefined, `${rule.groups} on ${there}`);
    }
  }
}

describe('placement, for any facts', function () {
  this.timeout(60_000);

  it('keeps never, barred, capacity and strict rules', () => {
    fc.assert(
      fc.property(withRules, (facts) => assertLawful(facts, makePlan(facts))),
      runs,
    );
  });

  it('is the same for the same facts', () => {
    fc.assert(
      fc.property(withRules, (facts) => {
        const again = structuredClone({ ...facts });
        assert.deepEqual(makePlan(again).groups, makePlan(facts).groups);
      }),
      runs,
    );
  });

  it('moves nothing when it is made again', () => {
    fc.assert(
      fc.property(withRules, (facts) => {
        const first = makePlan(facts);
        const second = makePlan(settled(facts, first));
        assert.deepEqual(placesOf(second), placesOf(first));
        assert.deepEqual(
          second.groups.filter(({ reason }) => reason !== undefined),
          [],
        );
      }),
      runs,
    );
  });

  it('moves only what ran on a node that is lost, where no rule ties groups to each other', () => {
    const facts = anyFacts({ rules: false });
    fc.assert(
      fc.property(facts, fc.nat(5), (said, lost) => {
        const before = makePlan(said);
        const stable = settled(said, before);
        const node = stable.nodes[lost % stable.nodes.length]!.name;
        const after = makePlan(without(stable, node));
        for (const { group, from, to, reason } of after.groups)
          if (from !== node && from !== undefined) assert.equal(to, from, `${group} left ${from} for ${to}: ${reason}`);
      }),
      runs,
    );
  });

  it('moves others than those on the lost node only to repair a rule, or where a strict one or a block stops them', () => {
    fc.assert(
      fc.property(withRules, fc.nat(5), (said, lost) => {
        const stable = settled(said, makePlan(said));
        const node = stable.nodes[lost % stable.nodes.length]!.name;
        const { rules } = said.placement;
        const plan = makePlan(without(stable, node));
        for (const { group, from, to, reason } of plan.groups) {
          if (from === node || from === undefined || to === from || to === undefined) continue;
          // Whoever comes to a block adds its weights: the whole of it may be drawn elsewhere.
          const grows = plan.board.blocks.some(
            (block) =>
              block.length > 1 &&
              block.some(({ name }) => name === group) &&
              block.some(({ facts }) => facts.on === node),
          );
          // Who leaves to repair a rule, or was on the lost node, may have been all that kept another from where it is wanted.
          const roomAtLast = reason === 'pinned' || reason === 'failback';
          assert.ok(
            reason === 'repair' || roomAtLast || grows || rules.some(({ strict }) => strict),
            `${group}: ${reason}`,
          );
        }
      }),
      runs,
    );
  });

  it('breaks the rules of two or three groups as seldom as can be', () => {
    const nodes = ['n1', 'n2', 'n3', 'n4'];
    const may = fc.subarray(nodes, { minLength: 1 });
    const group = fc.record({ may, on: fc.nat(), preferred: fc.constantFrom(...nodes) });
    const kind = fc.constantFrom('together', 'apart' as const);
    fc.assert(
      fc.property(kind, fc.array(group, { minLength: 2, maxLength: 3 }), (of, drawn) => {
        const names = drawn.map((_, index) => `g${index + 1}`);
        const facts = factsOf({
          nodes,
          groups: drawn.map((one, index) => ({
            name: names[index]!,
            preferred: one.preferred,
            on: one.may[one.on % one.may.length],
          })),
          rules: [{ kind: of, groups: names }],
          per: Object.fromEntries(
            drawn.map((one, index) => [names[index]!, { never: nodes.filter((node) => !one.may.includes(node)) }]),
          ),
        });
        const broken = (places: readonly unknown[]): number =>
          places
            .flatMap((one, index) => places.slice(index + 1).map((other) => one === other))
            .filter((same) => same === (of === 'apart')).length;
        const all = drawn.reduce<string[][]>(
          (before, one) => before.flatMap((places) => one.may.map((node) => [...places, node])),
          [[]],
        );
        const plan = placesOf(makePlan(facts));
        assert.equal(broken(names.map((name) => plan[name])), Math.min(...all.map(broken)), JSON.stringify(plan));
      }),
      runs,
    );
  });

  it('leaves nobody without a node that has one which may take it', () => {
    fc.assert(
      fc.property(withRules, (facts) => {
        const plan = makePlan(facts);
        for (const { group, to } of plan.groups)
          if (to === undefined)
            assert.deepEqual(
              explainPlan(plan, group).filter(({ place }) => place !== null),
              [],
              group,
            );
      }),
      runs,
    );
  });
});
