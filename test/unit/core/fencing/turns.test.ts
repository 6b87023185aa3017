import assert from 'node:assert/strict';
import { turnOf, turnTime } from '../../../../src/core/fencing/turns.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import type { Fencing, StonithLine } from '../../../../src/model/fencing.ts';
import { canFenceFrom } from '../../../../src/model/fencing.ts';
import { clusterOf } from '../../../simulation/cluster.ts';
import { newNode } from '../pair.ts';

const line = (from: string): StonithLine => ({
  directive: 'stonith_host',
  from,
  type: 'external/ipmi',
  parameters: '',
});

function fencingBy(...lines: StonithLine[]): Fencing {
  const sizes = { nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false, needs: 1 };
  return { ...clusterOf(sizes).fencing!, lines };
}

const node = (self: string, fencing: Fencing): NodeState => {
  const state = newNode(self, 0);
  return { ...state, cluster: { ...state.cluster, fencing } };
};

describe('whose turn it is to fence a node', () => {
  const order = ['node3', 'node2', 'node1'];

  it('goes by the line, without the node itself and without those that have no way', () => {
    const all = fencingBy(line('*'));
    const turns = (fencing: Fencing): (number | undefined)[] =>
      order.map((self) => turnOf(node(self, fencing), 'node3', order));
    assert.deepEqual(turns(all), [undefined, 0, 1]);
    assert.deepEqual(turns(fencingBy(line('node1'))), [undefined, undefined, 0]);
    assert.deepEqual(turns(fencingBy(line('node3'))), [undefined, 0, undefined], 'somebody has to say that nobody can');
    assert.equal(turnOf(node('node1', all), 'node3', ['node2']), undefined, 'it is not well itself');
  });

  it('lasts as long as all ways of one node may take', () => {
    const one = turnTime(node('node1', fencingBy(line('*'))), 'node3');
    assert.ok(turnTime(node('node1', fencingBy(line('*'), line('*'))), 'node3') >= one + 60_000);
  });

  it('is of those whom a device or a line serves', () => {
    assert.equal(canFenceFrom(undefined, 'node1', 'node2'), false);
    assert.equal(canFenceFrom(fencingBy(line('node1')), 'node1', 'node2'), true);
    assert.equal(canFenceFrom(fencingBy(line('node1')), 'node2', 'node1'), false);
    assert.equal(canFenceFrom(fencingBy(line('node1')), 'node1', 'node1'), false, 'nobody fences himself');
    const file: StonithLine = { directive: 'stonith', type: 'baytech', file: '/etc/ha.d/baytech.conf' };
    assert.equal(canFenceFrom(fencingBy(file), 'node2', 'node1'), true);
    const device = {
      name: 'ipmi',
      agent: 'fence_ipmilan',
      options: {},
      nodes: { node2: {} },
      action: 'off',
      timeout: 1,
    } as const;
    const byDevice = { ...fencingBy(), devices: [device] };
    assert.deepEqual(
      ['node2', 'node3'].map((to) => canFenceFrom(byDevice, 'node1', to)),
      [true, false],
    );
  });
});
