import assert from 'node:assert/strict';
import { foldHosts } from '../../../src/base/host-range.ts';
import { evaluateNodeSet, NodeSetError, type NodeSetWorld } from '../../../src/base/node-set.ts';

const hosts = ['node1', 'node2', 'node3', 'db1', 'db2', 'login-a'];
const groups: Readonly<Record<string, readonly string[]>> = {
  db: ['db1', 'db2'],
  rack1: ['node1', 'db1'],
  rack2: ['node2', 'db2'],
};
const world: NodeSetWorld = {
  all: () => hosts,
  group: (name, column) => {
    if (name in groups) return groups[name]!;
    throw new NodeSetError(`no @${name}`, column);
  },
  names: (_term, expanded) => expanded,
};
const fold = (text: string): string => foldHosts(evaluateNodeSet(text, world));

describe('node sets as ClusterShell reads them', () => {
  // The results are those of `nodeset -f` 1.9 on the same groups; only blanks and spare commas it does not take.
  const cases: readonly (readonly [string, string])[] = [
    ['node[1-3]', 'node[1-3]'],
    ['node[01-10]!node05', 'node[01-04,06-10]'],
    ['node[1-3]!node2', 'node[1,3]'],
    ['node[1-100/25]', 'node[1,26,51,76]'],
    ['a,b!c', 'a,b'],
    ['a,b!b,b', 'a,b'],
    ['node[1-5]&node[4-9]', 'node[4-5]'],
    ['node[1-5]^node[4-9]', 'node[1-3,6-9]'],
    ['node[1-5]!node[2-3]&node[1-2]', 'node1'],
    ['node1 node2,node[3,5]', 'node[1-3,5]'],
    ['@db', 'db[1-2]'],
    ['@rack[1-2]!@db', 'node[1-2]'],
    ['@rack1^@db', 'db2,node1'],
    ['@*!@db', 'login-a,node[1-3]'],
    ['node*', 'node[1-3]'],
    ['*!node*', 'db[1-2],login-a'],
    ['db?', 'db[1-2]'],
    ['*[1-2]', 'db[1-2],node[1-2]'],
    ['r[1-2]n[1-2]', 'r[1-2]n[1-2]'],
    [',node1,,node2,', 'node[1-2]'],
    ['login-a', 'login-a'],
    ['node[1-2]!node[1-2]', ''],
    ['', ''],
  ];
  for (const [text, folded] of cases) it(text || '(nothing)', () => assert.equal(fold(text), folded));

  const wrong: readonly (readonly [string, number, RegExp])[] = [
    ['!node1', 1, /nothing stands before "!"/],
    ['node1&', 6, /nothing stands behind "&"/],
    ['node1!&node2', 7, /"&" follows "!"/],
    ['node1,node[2-1]', 12, /counts down/],
    ['node1,node[2', 11, /without "\]"/],
    ['none[2', 5, /without "\]"/],
    ['node1,@nope', 7, /no @nope/],
    ['node1 web*', 7, /"web\*" matches no host/],
  ];
  for (const [text, column, message] of wrong) {
    it(`${text}: refused at character ${column}`, () => {
      assert.throws(
        () => evaluateNodeSet(text, world),
        (error: Error) => error instanceof NodeSetError && error.column === column && message.test(error.message),
      );
    });
  }
});
