import assert from 'node:assert/strict';
import { explainPlan } from '../../../../src/core/placing/explain.ts';
import { inWindow } from '../../../../src/core/placing/failback.ts';
import { makePlan } from '../../../../src/core/placing/plan.ts';
import { factsOf, placesOf, type Said, settled, without } from './facts.ts';

const planOf = (said: Said): ReturnType<typeof makePlan> => makePlan(factsOf(said));
const places = (said: Said): Record<string, string | undefined> => placesOf(planOf(said));
const scores = (said: Said, group: string): string[] =>
  explainPlan(planOf(said), group).map(({ node, score, why }) => `${node} ${score}: ${why}`);

describe('placement', () => {
  it('begins at the preferred node, and spreads what has none that is able', () => {
    const groups = ['a', 'b', 'c', 'd'];
    assert.deepEqual(places({ groups }), { a: 'n1', b: 'n1', c: 'n1', d: 'n1' });
    const nodes = [{ name: 'n1', unable: 'dead' }, 'n2', 'n3'];
    assert.deepEqual(places({ nodes, groups }), { a: 'n2', b: 'n3', c: 'n2', d: 'n3' });
  });

  it('spreads what ran on a lost node over those that are left, and moves nobody else', () => {
    const per = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, { prefer: { n1: 0 } }]));
    const facts = factsOf({ groups: Object.keys(per), per });
    const before = makePlan(facts);
    assert.deepEqual(placesOf(before), { a: 'n1', b: 'n2', c: 'n3', d: 'n1', e: 'n2', f: 'n3' });
    const after = makePlan(without(settled(facts, before), 'n2'));
    assert.deepEqual(placesOf(after), { a: 'n1', b: 'n1', c: 'n3', d: 'n1', e: 'n3', f: 'n3' });
    assert.deepEqual(
      after.groups.filter(({ reason }) => reason !== undefined).map(({ group, reason }) => [group, reason]),
      [
        ['b', 'takeover'],
        ['e', 'takeover'],
      ],
    );
  });

  it('follows weights, the highest first, and the order of ha.cf where they are the same', () => {
    const per = { a: { prefer: { n2: 50, n3: 150 } }, b: { prefer: { n1: -5 } }, c: { prefer: { n1: 7, n3: 7 } } };
    assert.deepEqual(places({ groups: ['a', 'b', 'c'], per }), { a: 'n3', b: 'n2', c: 'n1' });
  });

  it('does not begin where it never may, and then runs nowhere rather than there', () => {
    const per = { a: { never: ['n1'] } };
    assert.deepEqual(places({ groups: ['a'], per }), { a: 'n2' });
    assert.deepEqual(places({ nodes: ['n1'], groups: [{ name: 'a', on: 'n1' }], per }), { a: undefined });
  });

  describe('failback', () => {
    const back = (more: Said): string | undefined => places({ groups: [{ name: 'a', on: 'n2' }], ...more }).a;

    it('is as ha.cf says where no rule says it', () => {
      assert.equal(back({ autoFailback: false }), 'n2');
      assert.equal(back({ autoFailback: true }), 'n1');
      assert.equal(back({ autoFailback: true, failback: { kind: 'off' } }), 'n2');
      assert.equal(back({ failback: { kind: 'off' }, per: { a: { failback: { kind: 'on' } } } }), 'n1');
    });

    it('goes to no node that gave it up, as long as nobody has cleared that', () => {
      const gaveUp = new Set(['n1']);
      const on = { autoFailback: true, groups: [{ name: 'a', on: 'n2', gaveUp }] };
      assert.equal(back(on), 'n2');
      assert.equal(
        back({ ...on, nodes: ['n1', { name: 'n2', unable: 'it is in standby' }] }),
        'n1',
        'it may run there',
      );
      assert.equal(back({ ...on, groups: [{ name: 'a', on: 'n2', gaveUp, pinned: 'n1' }] }), 'n1', 'an operator');
      const plan = makePlan(factsOf(on));
      assert.match(
        explainPlan(plan, 'a').find(({ node }) => node === 'n1')!.why,
        /better, but it failed there, and nobody has cleared that/,
      );
    });

    it('happens only for more weight than it is sticky', () => {
      assert.equal(back({ autoFailback: true, stickiness: 100 }), 'n2');
      assert.equal(back({ autoFailback: true, stickiness: 99 }), 'n1');
      assert.equal(back({ autoFailback: true, stickiness: 99, per: { a: { stickiness: 200 } } }), 'n2');
    });

    it('waits until the better node has been up for a while', () => {
      const failback = { kind: 'after', delay: 600_000 } as const;
      assert.equal(back({ failback, nodes: [{ name: 'n1', upFor: 599_999 }, 'n2'] }), 'n2');
      assert.equal(back({ failback, nodes: [{ name: 'n1', upFor: 600_000 }, 'n2'] }), 'n1');
    });

    it('waits for its window, also for one that reaches past midnight into another day', () => {
      const window = { days: [6], from: 22 * 60, to: 4 * 60 };
      const failback = { kind: 'window', window } as const;
      const saturday = 6 * 24 * 60;
      assert.equal(back({ failback, minuteOfWeek: saturday + 22 * 60 }), 'n1');
      assert.equal(back({ failback, minuteOfWeek: 4 * 60 - 1 }), 'n1');
      assert.equal(back({ failback, minuteOfWeek: 4 * 60 }), 'n2');
      assert.equal(back({ failback }), 'n2');
      assert.equal(inWindow(window, saturday + 22 * 60 - 1), false);
    });

    it('is no matter where the node that it runs on may not have it any more', () => {
      const failback = { kind: 'off' } as const;
      assert.equal(back({ failback, nodes: ['n1', { name: 'n2', unable: 'it is in standby' }] }), 'n1');
    });
  });

  describe('together', () => {
    const together = [{ kind: 'together', groups: ['web', 'db'] }] as const;

    it('moves a block as a whole, and weighs it as one', () => {
      const per = { web: { prefer: { n2: 60 } }, db: { prefer: { n1: 0, n2: 60 } } };
      assert.deepEqual(places({ groups: ['web', 'db'], rules: together, per }), { web: 'n2', db: 'n2' });
    });

    it('gives way where there is no room for both, and is repaired when there is', () => {
      const said = {
        groups: [
          { name: 'web', on: 'n1' },
          { name: 'db', on: 'n2' },
        ],
        per: { web: { uses: { memory: 4 } }, db: { uses: { memory: 4 } } },
        rules: together,
      };
      const capacity = { n1: { memory: 7 }, n2: { memory: 7 } };
      assert.deepEqual(places({ ...said, nodes: ['n1', 'n2'], capacity }), { web: 'n1', db: 'n2' });
      const repaired = planOf({ ...said, nodes: ['n1', 'n2', 'n3'], capacity });
      assert.deepEqual(placesOf(repaired), { web: 'n3', db: 'n3' });
      assert.deepEqual(
        repaired.groups.map(({ reason }) => reason),
        ['repair', 'repair'],
      );
    });

    it('lets the later one run nowhere else where it is strict', () => {
      const rules = [{ kind: 'together', groups: ['db', 'web'], strict: true }] as const;
      const per = { web: { never: ['n1'] }, db: { never: ['n2', 'n3'] } };
      assert.deepEqual(places({ groups: ['web', 'db'], rules, per }), { web: undefined, db: 'n1' });
      assert.deepEqual(scores({ groups: ['web', 'db'], rules, per }, 'web'), [
        'n1 null: never here, by its rules',
        'n2 null: it must be together with db, which is on n1',
        'n3 null: it must be together with db, which is on n1',
      ]);
    });
  });

  describe('apart', () => {
    const rules = [{ kind: 'apart', groups: ['a', 'b', 'c'] }] as const;

    it('outranks every weight, and gives way where there are not nodes enough', () => {
      assert.deepEqual(places({ groups: ['a', 'b', 'c'], rules }), { a: 'n1', b: 'n2', c: 'n3' });
      assert.deepEqual(places({ nodes: ['n1', 'n2'], groups: ['a', 'b', 'c'], rules }), { a: 'n1', b: 'n2', c: 'n1' });
    });

    it('lets nobody run where it is strict and there are not nodes enough', () => {
      const strict = rules.map((rule) => ({ ...rule, strict: true }));
      const said = { nodes: ['n1', 'n2'], groups: ['a', 'b', 'c'], rules: strict };
      assert.deepEqual(places(said), { a: 'n1', b: 'n2', c: undefined });
      assert.deepEqual(scores(said, 'c'), [
        'n1 null: it must stay apart from a, which is there',
        'n2 null: it must stay apart from b, which is there',
      ]);
    });

    it('is repaired whatever failback says, by as few moves as it takes', () => {
      const on = ['a', 'b', 'c'].map((name) => ({ name, on: 'n2' }));
      const plan = planOf({ groups: on, rules, failback: { kind: 'off' } });
      assert.deepEqual(placesOf(plan), { a: 'n1', b: 'n3', c: 'n2' });
    });

    it('is repaired also where one has to make room for another first', () => {
      const said = {
        groups: [
          { name: 'a', on: 'n1' },
          { name: 'b', on: 'n3' },
          { name: 'c', on: 'n3' },
        ],
        rules,
        per: { b: { never: ['n2'] }, c: { never: ['n2'] } },
      };
      const plan = planOf(said);
      assert.deepEqual(placesOf(plan), { a: 'n2', b: 'n1', c: 'n3' });
      assert.deepEqual(
        plan.groups.map(({ reason }) => reason),
        ['repair', 'repair', undefined],
      );
      // Whichever of the two goes first, the other follows, and nobody goes back.
      for (const [a, b] of [
        ['n2', 'n3'],
        ['n1', 'n1'],
      ] as const) {
        const on = said.groups.map((group, index) => ({ ...group, on: [a, b, 'n3'][index] }));
        assert.deepEqual(places({ ...said, groups: on }), placesOf(plan));
      }
    });

    it('is repaired by no move that an operator, or the ping nodes, speak against', () => {
      const per = { b: { never: ['n2'] }, c: { never: ['n2'] } };
      const groups = (pinned: string | undefined) => [
        { name: 'a', on: 'n1', pinned },
        { name: 'b', on: 'n3' },
        { name: 'c', on: 'n3' },
      ];
      const stays = { a: 'n1', b: 'n3', c: 'n3' };
      assert.deepEqual(places({ groups: groups('n1'), rules, per }), stays);
      const nodes = ['n1', 'n2', 'n3'].map((name) => ({ name, reach: name === 'n2' ? 1 : 2 }));
      assert.deepEqual(places({ nodes, groups: groups(undefined), rules, per }), stays);
    });
  });

  it('starts nothing whose strict predecessor runs nowhere', () => {
    const rules = [{ kind: 'order', groups: ['db', 'web'], strict: true }] as const;
    const per = { db: { never: ['n1', 'n2', 'n3'] } };
    assert.deepEqual(places({ groups: ['web', 'db'], rules, per }), { web: undefined, db: undefined });
    assert.deepEqual(places({ groups: ['web', 'db'], rules }), { web: 'n1', db: 'n1' });
  });

  it('leaves where it is whose strict predecessor goes elsewhere, and takes down whose predecessor finds no place', () => {
    const rules = [{ kind: 'order', groups: ['db', 'web'], strict: true }] as const;
    const groups = [
      { name: 'web', on: 'n3' },
      { name: 'db', on: 'n2' },
    ];
    const nodes = ['n1', { name: 'n2', unable: 'dead' }, 'n3'];
    assert.deepEqual(places({ nodes, groups, rules }), { web: 'n3', db: 'n1' });
    const per = { db: { never: ['n1', 'n3'] } };
    assert.deepEqual(places({ nodes, groups, rules, per }), { web: undefined, db: undefined });
    const uses = { web: { uses: { memory: 4 } }, db: { never: ['n1'], uses: { memory: 4 } } };
    const capacity = { n1: { memory: 4 }, n3: { memory: 4 } };
    assert.deepEqual(places({ nodes, groups, rules, per: uses, capacity }), { web: 'n1', db: 'n3' }, 'it makes room');
  });

  describe('capacity', () => {
    const capacity = { n1: { memory: 8 }, n2: { memory: 8 }, n3: { memory: 1 } };
    const uses = (memory: number): { uses: { memory: number } } => ({ uses: { memory } });

    it('is never exceeded, and says what is missing', () => {
      const said = { groups: ['a', 'b', 'c'], per: { a: uses(5), b: uses(5), c: uses(4) }, capacity };
      assert.deepEqual(places(said), { a: 'n1', b: 'n2', c: undefined });
      assert.deepEqual(scores(said, 'c'), [
        'n1 null: no room: it uses 4 memory, and 3 are free',
        'n2 null: no room: it uses 4 memory, and 3 are free',
        'n3 null: no room: it uses 4 memory, and 1 are free',
      ]);
    });

    it('places the largest first where more find room so', () => {
      const per = { a: uses(3), b: uses(3), c: uses(5), d: uses(5) };
      assert.deepEqual(places({ groups: ['a', 'b', 'c', 'd'], per, capacity }), { a: 'n1', b: 'n2', c: 'n1', d: 'n2' });
    });

    it('moves nobody who runs to make room', () => {
      const groups = [{ name: 'a', on: 'n1' }, { name: 'b', on: 'n2' }, 'c'];
      const per = { a: uses(4), b: uses(4), c: uses(8) };
      assert.deepEqual(places({ groups, per, capacity }), { a: 'n1', b: 'n2', c: undefined });
    });

    it('adds fractions up exactly', () => {
      const per = { a: { uses: { cpu: 0.1 } }, b: { uses: { cpu: 0.2 } } };
      assert.deepEqual(places({ nodes: ['n1'], groups: ['a', 'b'], per, capacity: { n1: { cpu: 0.3 } } }), {
        a: 'n1',
        b: 'n1',
      });
    });
  });

  it('goes where an operator moved it, against weights, stickiness and failback, unless it never may', () => {
    const pinned = { groups: [{ name: 'a', on: 'n1', pinned: 'n3' }], stickiness: 1000 };
    assert.deepEqual(places(pinned), { a: 'n3' });
    assert.equal(planOf(pinned).groups[0]!.reason, 'pinned');
    assert.deepEqual(places({ ...pinned, per: { a: { never: ['n3'] } } }), { a: 'n1' });
  });

  it('leaves a node where it failed too often', () => {
    const groups = [{ name: 'a', on: 'n1', barred: new Map([['n1', 'it failed there 3 times']]) }];
    assert.deepEqual(scores({ groups }, 'a'), [
      'n2 0: nothing speaks for or against it',
      'n3 0: nothing speaks for or against it',
      'n1 null: it failed there 3 times',
    ]);
  });

  it('begins where most ping nodes are reached, and goes to no better weight that reaches fewer', () => {
    const nodes = [
      { name: 'n1', reach: 1 },
      { name: 'n2', reach: 2 },
    ];
    assert.deepEqual(places({ nodes, groups: ['a'] }), { a: 'n2' });
    assert.deepEqual(places({ nodes, groups: [{ name: 'a', on: 'n2' }], autoFailback: true }), { a: 'n2' });
  });

  it('explains every score', () => {
    const said: Said = {
      nodes: ['n1', 'n2', { name: 'n3', unable: 'it is in standby' }],
      groups: [
        { name: 'web', on: 'n2' },
        { name: 'db', on: 'n1' },
      ],
      per: { web: { prefer: { n2: 10 }, stickiness: 50 } },
      rules: [{ kind: 'apart', groups: ['web', 'db'] }],
    };
    assert.deepEqual(scores(said, 'web'), [
      'n2 60: 10 preferred, 50 as it runs there',
      'n1 100: not apart from db, 100 preferred',
      'n3 null: it is in standby',
    ]);
    assert.equal(scores({ ...said, rules: [] }, 'web')[1], 'n1 100: 100 preferred, better, but failback is off');
  });
});
