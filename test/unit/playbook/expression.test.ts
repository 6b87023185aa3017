import assert from 'node:assert/strict';
import { parseExpression } from '../../../src/playbook/expression.ts';
import { ExpressionError } from '../../../src/playbook/expression-tokens.ts';
import { LateValue, late } from '../../../src/playbook/late.ts';

const scope = {
  n: 3,
  name: 'node1',
  list: ['a', 'b'],
  hosts: [
    { name: 'x', up: true },
    { name: 'y', up: false },
  ],
  map: { inner: { deep: 1 } },
  no: false,
};
const value = (text: string): unknown => parseExpression(text).evaluate(scope);

describe('conditions', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-n + 5 % 3', -1],
    ['n >= 3 && n < 4', true],
    ['not no and n == 3', true],
    ['no || name == "node1"', true],
    ['!no ? "yes" : "no"', 'yes'],
    ['"b" in list', true],
    ['"inner" in map', true],
    ['map.inner["deep"]', 1],
    ['list[1]', 'b'],
    ['size(list) == 2', true],
    ['name.startsWith("node") && name.matches("^node[0-9]$")', true],
    ['list.contains("c")', false],
    ['hosts.all(h, h.up)', false],
    ['hosts.filter(h, h.up).map(h, h.name)', ['x']],
    ['size(hosts.filter(h, h.up)) == 1', true],
    ['has(map.inner) && !has(map.outer)', true],
    ['missing is not defined', true],
    ['name is defined', true],
    ['[1, 2] == [1, 2]', true],
    ["'it\\'s' == \"it's\"", true],
  ];
  for (const [text, wanted] of cases) it(text, () => assert.deepEqual(value(text), wanted));

  const mistakes: readonly (readonly [string, number, RegExp])[] = [
    ['n = 3', 3, /has no meaning/],
    ['n ==', 5, /the condition ends/],
    ['(n', 3, /"\)" was expected/],
    ['n is even', 6, /test of Jinja/],
    ['name.upper(1)', 6, /no method "upper"/],
    ['nosuch(n)', 1, /no function "nosuch"/],
    ['1 2', 3, /not expected/],
  ];
  for (const [text, column, message] of mistakes) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseExpression(text),
        (error: ExpressionError) =>
          error instanceof ExpressionError && error.column === column && message.test(error.message),
      );
    });
  }

  it('names what is unknown, and its place', () => {
    assert.throws(
      () => value('n == 3 && nmae'),
      (error: ExpressionError) => error.column === 11 && error.unknownName === 'nmae',
    );
  });

  it('does not decide by what is not known yet', () => {
    const evaluate = (text: string): unknown => parseExpression(text).evaluate({ ...scope, later: late });
    assert.throws(() => evaluate('later.rc == 0'), LateValue);
    assert.throws(() => evaluate('later'), LateValue);
    assert.equal(evaluate('no && later'), false, 'what is known already decides');
  });
});
