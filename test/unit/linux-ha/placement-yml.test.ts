import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Problem, showMistake } from '../../../src/base/problem.ts';
import { parseConfiguration } from '../../../src/linux-ha/cluster.ts';
import { parseFailback, writeFailback } from '../../../src/linux-ha/failback.ts';
import type { Placement } from '../../../src/model/placement.ts';

const files = {
  'ha.cf': 'node n1 n2 n3\nucast eth0 10.0.0.1\n',
  authkeys: 'auth 1\n1 sha256 secret\n',
  haresources: 'n1 10.0.0.100\nn2 10.0.0.101\nn1 10.0.0.102\n',
};
const named = 'groups: { web: { address: 10.0.0.100 }, db: { address: 10.0.0.101 }, mail: { address: 10.0.0.102 } }\n';

function placementOf(text: string): Placement | undefined {
  return parseConfiguration({ ...files, 'muster.yml': `${named}${text}` }).cluster.placement;
}

function mistakesOf(text: string): string[] {
  try {
    placementOf(text);
  } catch (error) {
    if (error instanceof Problem) return error.mistakes.map(showMistake);
    throw error;
  }
  return [];
}

describe('placement in muster.yml', () => {
  it('says weights, never, stickiness, failback, capacity and rules', () => {
    const read = placementOf(`placement:
  stickiness: 50
  failback: off
  capacity:
    n1: { memory: 16, cpu: 2.5 }
  groups:
    web: { prefer: { n2: 70, n3: -5 }, never: [n1], stickiness: 0, failback: in Sat-Sun 22:00-04:00, uses: { memory: 4 } }
    db: { failback: true }
  rules:
    - together: [web, mail]
    - { apart: [web, db], strict: true }
    - order: [db, web]
`);
    const plain = { prefer: {}, never: [], stickiness: undefined, failback: undefined, uses: {} };
    assert.deepEqual(read, {
      stickiness: 50,
      failback: { kind: 'off' },
      capacity: { n1: { memory: 16, cpu: 2.5 } },
      groups: {
        web: {
          prefer: { n2: 70, n3: -5 },
          never: ['n1'],
          stickiness: 0,
          failback: { kind: 'window', window: { days: [0, 6], from: 22 * 60, to: 4 * 60 } },
          uses: { memory: 4 },
        },
        db: { ...plain, failback: { kind: 'on' } },
      },
      rules: [
        { kind: 'together', groups: ['web', 'mail'], strict: false },
        { kind: 'apart', groups: ['web', 'db'], strict: true },
        { kind: 'order', groups: ['db', 'web'], strict: false },
      ],
    });
  });

  it('says nothing where it is left out', () => {
    assert.equal(placementOf(''), undefined);
  });

  const wrong: readonly (readonly [string, string])[] = [
    [
      'placement: { stick: 1 }',
      '2:14 Cannot read "stick" as a key of "placement": it is not known\n  hint: known here: stickiness, failback, capacity, groups, rules',
    ],
    ['placement: { stickiness: -1 }', '2:26 Cannot read "stickiness" as a number from 0 to 10000: -1'],
    [
      'placement: { failback: after 10 }',
      `2:24 Cannot read "failback" as on, off, "after 10m", "in 02:00-04:00" or "in Sat-Sun 02:00-04:00": "after 10"`,
    ],
    [
      'placement: { groups: { web: { prefer: { n1: high } } } }',
      '2:45 Cannot read "n1" as a number from -10000 to 10000: "high"',
    ],
    ['placement: { groups: { web: { never: n1 } } }', '2:38 Cannot read "never" as a list: "n1"'],
    [
      'placement: { groups: { wbe: { never: [n2] } } }',
      '2:24 Cannot place groups by "wbe" as it must be a group of the cluster: it is not (known: web, db, mail)',
    ],
    [
      'placement: { groups: { web: { prefer: { n4: 1 } } } }',
      '2:41 Cannot place groups by "n4" as it must be a node of the cluster: it is not (known: n1, n2, n3)\n  hint: did you mean "n1"?',
    ],
    [
      'placement: { groups: { web: { never: [n1, n2, n3] } } }',
      '2:31 Cannot place "web" as one node at least must be left: it runs on none of n1, n2, n3',
    ],
    [
      'placement:\n  capacity: { n1: { cpu: 2 }, n2: { cpu: 1 }, n3: { cpu: 8 } }\n  groups: { web: { uses: { cpu: 3 }, never: [n3] } }',
      '4:28 Cannot place "web" as one node must have the cpu that it uses: 3 is more than 2',
    ],
    ['placement:\n  rules:\n    - apart: [web]', '4:14 Cannot read "apart" as a list of two groups at least: ["web"]'],
    [
      'placement:\n  rules:\n    - apart: [web, bd]',
      '4:20 Cannot place groups by "bd" as it must be a group of the cluster: it is not (known: web, db, mail)',
    ],
    [
      'placement:\n  rules:\n    - { apart: [web, db], strict: maybe }',
      '4:35 Cannot read "strict" as true or false: "maybe"',
    ],
    [
      'placement:\n  rules:\n    - together: [web, mail]\n    - together: [mail, db]\n    - apart: [db, web]',
      '6:7 Cannot keep db and web apart as other rules must not tie them together: one does',
    ],
    [
      'placement:\n  rules:\n    - order: [db, web]\n    - order: [web, mail]\n    - order: [mail, db]',
      '6:7 Cannot start db after mail as orders must not go in a circle: mail starts after db',
    ],
  ];
  for (const [text, mistake] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.deepEqual(mistakesOf(text), [`muster.yml:${mistake}`]);
    });
  }
});

describe('failback', () => {
  const good: Readonly<Record<string, object>> = {
    on: { kind: 'on' },
    'after 90 s': { kind: 'after', delay: 90_000 },
    'in 02:00-04:30': { kind: 'window', window: { days: [0, 1, 2, 3, 4, 5, 6], from: 120, to: 270 } },
    'in Fri-Mon,wed 22:00-04:00': { kind: 'window', window: { days: [0, 1, 3, 5, 6], from: 1320, to: 240 } },
  };
  for (const [text, failback] of Object.entries(good))
    it(`reads "${text}"`, () => assert.deepEqual(parseFailback(text), failback));

  for (const text of [
    '',
    'yes',
    'after',
    'after 0s',
    'after 10',
    'in',
    'in 25:00-26:00',
    'in 02:00',
    'in 02:00-02:00',
    'in Xyz 01:00-02:00',
    'in Mon 1:00-2:00 x',
    'in 1-2-3',
  ])
    it(`refuses "${text}"`, () => assert.equal(parseFailback(text), undefined));

  it('is written as it is read', () => {
    const window = fc.record(
      {
        days: fc.uniqueArray(fc.nat(6), { minLength: 1 }).map((days) => days.sort()),
        from: fc.nat(1439),
        to: fc.nat(1439),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(
        window.filter(({ from, to }) => from !== to),
        (said) =>
          assert.deepEqual(parseFailback(writeFailback({ kind: 'window', window: said })), {
            kind: 'window',
            window: said,
          }),
      ),
    );
  });
});
