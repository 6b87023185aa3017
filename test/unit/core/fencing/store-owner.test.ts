import assert from 'node:assert/strict';
import { mayReplace } from '../../../../src/core/fencing/store-owner.ts';
import { createNode } from '../../../../src/core/node.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import { clusterOf } from '../../../simulation/cluster.ts';
import { beat, happens, say } from '../pair.ts';
import { life } from './nodes.ts';

const sizes = { arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false, agents: 1, needs: 1 };
const version = '7';

describe('a group that needs fencing, whose lease lies in a store', () => {
  /** node1 of three, which runs nothing; the store's record of the group is this one's. */
  function node1(holder: string | undefined): NodeState {
    const cluster = {
      ...clusterOf({ nodes: 3, ...sizes }),
      store: { kind: 'etcd', endpoints: ['http://10.0.0.5:2379'] },
    };
    const options = { incarnation: life, seed: [1, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {} };
    const state = createNode(cluster as Parameters<typeof createNode>[0], 'node1', options, 0);
    happens(state, { type: 'tick' }, 0);
    happens(
      state,
      { type: 'resources', group: 'web1', phase: 'stopped', dirty: false, barred: undefined, answers: 0 },
      1,
    );
    const record = { holder, incarnation: life, lease: 2000, reservedFor: undefined, epoch: 0 };
    state.store!.seen.set('web1', { version, record: record as never, since: 0 });
    return state;
  }

  /** A sign of life of a node that may, or may not, run something of it. */
  function hear(state: NodeState, from: string, mayRun: readonly string[], now: number): void {
    if (beat.kind !== 'beat') throw new Error('no beat');
    say(state, from, { kind: 'beat', beat: { ...beat.beat, mayRun } }, now);
  }

  const may = (state: NodeState, now: number): boolean => mayReplace(state, state.groups.get('web1')!, now);

  it('may be taken once it is released, and no node that is heard may run something of it', () => {
    const state = node1(undefined);
    assert.equal(may(state, 10), true);
    hear(state, 'node2', [], 20);
    assert.equal(may(state, 20), true);
    hear(state, 'node3', ['web1'], 30);
    assert.equal(may(state, 30), false, 'node3 has started it, or does not know yet');
    assert.deepEqual(state.fencing.waiting.get('web1')?.nodes, ['node3']);
    hear(state, 'node3', [], 40);
    assert.equal(may(state, 40), true);
    assert.equal(state.fencing.waiting.has('web1'), false);
  });

  it('waits for its last holder until that is fenced, or says for this version that nothing of it runs there', () => {
    const state = node1('node2');
    assert.equal(may(state, 10), false);
    hear(state, 'node2', [], 20);
    assert.equal(may(state, 20), false, 'its beat may be older than its last write');
    state.fencing.clean.set('web1 node2', 'another');
    assert.equal(may(state, 21), false);
    state.fencing.clean.set('web1 node2', version);
    assert.equal(may(state, 22), true);
    hear(state, 'node3', ['web1'], 30);
    assert.equal(may(state, 30), false);
  });
});
