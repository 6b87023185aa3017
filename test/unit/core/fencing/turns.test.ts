import assert from 'node:assert/strict';
import { lineBehind, turnOf, turnTime } from '../../../../src/core/fencing/turns.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import type { Fencing, StonithLine } from '../../../../src/model/fencing.ts';
import { canFenceFrom } from '../../../../src/model/fencing.ts';
import { clusterOf } from '../../../simulation/cluster.ts';
import { beat, happens, newNode, say } from '../pair.ts';

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

if (beat.kind !== 'beat') throw new Error('no beat');
const own = beat.beat;

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

  it('is, behind all that may have what waits, of whoever is well', () => {
    const state = node('node1', fencingBy(line('*')));
    for (const from of ['node2', 'node3']) say(state, from, beat, 10);
    say(state, 'node3', beat, 200);
    assert.deepEqual(lineBehind(state, ['node3']), ['node3', 'node1', 'node2']);
    assert.deepEqual(lineBehind(state, []), ['node1', 'node2', 'node3'], 'none may have it');
    const standby = { kind: 'beat', beat: { ...own, standby: true } } as const;
    say(state, 'node2', standby, 201);
    assert.deepEqual(lineBehind(state, ['node3']), ['node3', 'node1', 'node2'], 'also who is standby');
    say(state, 'node2', { kind: 'beat', beat: { ...own, quorate: false } }, 202);
    assert.deepEqual(lineBehind(state, ['node3']), ['node3', 'node1'], 'not who hears no majority');
    say(state, 'node3', beat, 300);
    happens(state, { type: 'operator', id: 1, command: { kind: 'leave' } }, 301);
    assert.deepEqual(lineBehind(state, ['node3']), ['node3'], 'nor who is about to end');
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
