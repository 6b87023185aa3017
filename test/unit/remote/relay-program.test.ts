import assert from 'node:assert/strict';
import { type RelayNode, relayed, relayTree } from '../../../src/remote/relay-program.ts';

function names(nodes: readonly RelayNode<number>[]): number[] {
  return nodes.flatMap(({ host, children }) => [host, ...names(children)]);
}

function depth(nodes: readonly RelayNode<number>[]): number {
  return nodes.length === 0 ? 0 : 1 + Math.max(...nodes.map(({ children }) => depth(children)));
}

describe('a parcel from host to host', () => {
  it('reaches every host once, from at most three here and two elsewhere', () => {
    for (const count of [0, 1, 2, 3, 4, 9, 20, 100, 301]) {
      const hosts = Array.from({ length: count }, (_, index) => index);
      const tree = relayTree(hosts, 3);
      assert.deepEqual(names(tree), hosts);
      assert.ok(tree.length <= 3);
      const check = (nodes: readonly RelayNode<number>[]): void => {
        for (const { children } of nodes) {
          assert.ok(children.length <= 2);
          check(children);
        }
      };
      check(tree);
      assert.ok(depth(tree) <= Math.ceil(Math.log2(count / 3 + 1)) + 1, `${count} hosts: ${depth(tree)} deep`);
    }
  });

  it('has arrived where a host says so, and only there', () => {
    const line = (name: string, rc: number): string =>
      `muster-relay ${Buffer.from(name).toString('base64url')} ${rc}\n`;
    const said = `${line('a b', 0)}tar: broken\n${line('c', 1)}x${line('d', 0)}${line('e', 0).trimEnd()}`;
    assert.deepEqual([...relayed(said)], ['a b', 'e']);
  });
});
