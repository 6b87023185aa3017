import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareNatural, expandRange, foldHosts, HostRangeError } from '../../../src/base/host-range.ts';
import { draws } from '../../draws.ts';

describe('expandRange', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['node1', ['node1']],
    ['node[1-3,5]', ['node1', 'node2', 'node3', 'node5']],
    ['n[08-11]', ['n08', 'n09', 'n10', 'n11']],
    ['n[1-9/4]x', ['n1x', 'n5x', 'n9x']],
    ['r[1-2]n[1-2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
    ['10.77.0.[11-13]', ['10.77.0.11', '10.77.0.12', '10.77.0.13']],
    ['n[3]', ['n3']],
  ];
  for (const [text, names] of cases) it(text, () => assert.deepEqual(expandRange(text), names));

  const wrong: readonly (readonly [string, number, RegExp])[] = [
    ['n[3-1]', 3, /counts down/],
    ['n[1-2', 2, /without "\]"/],
    ['n]1', 2, /without "\["/],
    ['n[1,a]', 5, /"a" is no number/],
    ['n[]', 3, /"" is no number/],
    ['n[1-9/0]', 3, /step of zero/],
    ['n[1-999999999]', 3, /more than 100000/],
    ['n[1-999][1-999]', 9, /more than 100000/],
    [`n[${'1-99999,'.repeat(3000)}1]`, 2, /more than 100000/],
  ];
  for (const [text, column, message] of wrong) {
    it(`${text.slice(0, 30)}: refused at column ${column}`, () => {
      assert.throws(
        () => expandRange(text),
        (error: Error) => error instanceof HostRangeError && error.column === column && message.test(error.message),
      );
    });
  }
});

describe('foldHosts', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['node2', 'node1'], 'node[1-2]'],
    [['node1', 'node3', 'node2', 'node10'], 'node[1-3,10]'],
    [['n08', 'n09', 'n10', 'n11'], 'n[08-11]'],
    [['n8', 'n08'], 'n08,n8'],
    [['web', 'db1', 'node1', 'node2', 'db1'], 'db1,node[1-2],web'],
    [['a1.example', 'a2.example', 'b1.example'], 'a[1-2].example,b1.example'],
    [['r1n1', 'r1n2', 'r2n1', 'r2n2', 'r3n1'], 'r[1-2]n[1-2],r3n1'],
    [['n1.dc2.example', 'n2.dc2.example', 'n1.dc10.example', 'n2.dc10.example'], 'n[1-2].dc[2,10].example'],
    [[], ''],
  ];
  for (const [names, folded] of cases) it(folded || '(nothing)', () => assert.equal(foldHosts(names), folded));

  it('is undone by expandRange, whatever the names', () => {
    const name = fc.tuple(
      fc.constantFrom('n', 'db', 'r1-n', 'r2-n', 'r03n', ''),
      fc.stringMatching(/^[0-9]{1,4}$/),
      fc.constantFrom('', '.example', '-b', '-1', '.dc02', '.dc3-x'),
    );
    fc.assert(
      fc.property(
        fc.array(
          name.map((parts) => parts.join('')),
          { maxLength: 30 },
        ),
        (names) => {
          const parts = foldHosts(names).match(/(?:\[[^\]]*\]|[^,[])+/g) ?? [];
          const back = parts.flatMap((part) => expandRange(part));
          assert.deepEqual([...new Set(back)].sort(), [...new Set(names)].sort());
          assert.equal(back.length, new Set(names).size, 'no name twice');
        },
      ),
      { numRuns: draws(500) },
    );
  });
});

describe('compareNatural', () => {
  it('counts numbers as numbers', () => {
    assert.deepEqual(['n10', 'n9', 'a', 'n9b', 'n'].sort(compareNatural), ['a', 'n', 'n9', 'n9b', 'n10']);
  });
});
