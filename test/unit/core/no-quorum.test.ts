import assert from 'node:assert/strict';
import { describe as view } from '../../../src/core/describe.ts';
import { leftRunningOn } from '../../../src/core/no-quorum.ts';
import type { NodeState } from '../../../src/core/state.ts';
import { beat, happens, holding, only, say } from './pair.ts';

/** node1 after its lease ran out in silence, and the effects of the step that noticed. */
function alone(noQuorum: 'stop' | 'freeze') {
  const { state: held, now: since } = holding();
  const state: NodeState = { ...held, cluster: { ...held.cluster, noQuorum } };
  const now = since + 1000;
  return { state, now, effects: happens(state, { type: 'tick' }, now) };
}

const elsewhere = {
  ...beat,
  beat: { ...(beat.kind === 'beat' ? beat.beat : assert.fail()), holds: ['web1'] },
} as const;

describe('no-quorum policy', () => {
  it('shuts the gate in both, and only with freeze leaves the address where it is', () => {
    for (const [policy, held] of [
      ['stop', []],
      ['freeze', ['web1']],
    ] as const) {
      const { state, now, effects } = alone(policy);
      assert.deepEqual(only(effects, 'close').groups, ['web1'], policy);
      assert.deepEqual(only(effects, 'hold').groups, held, policy);
      assert.equal(view(state, now).groups[0]!.gateOpen, false);
      assert.deepEqual(
        view(state, now).nodes.find(({ name }) => name === 'node1')!.holds,
        [],
        'peers are told of none',
      );
    }
  });

  it('takes what was frozen off the network when another node is heard to hold it', () => {
    const { state, now } = alone('freeze');
    assert.deepEqual(only(say(state, 'node2', elsewhere, now + 10), 'hold').groups, []);
    assert.equal(leftRunningOn(state, state.groups.get('web1')!), undefined);
  });

  it('takes it off for an operator, and when the ruleset that kept it silent is gone', () => {
    const standby = alone('freeze');
    const command = { type: 'operator', id: 1, command: { kind: 'standby' } } as const;
    assert.deepEqual(only(happens(standby.state, command, standby.now + 10), 'hold').groups, []);
    const flushed = alone('freeze');
    assert.deepEqual(only(happens(flushed.state, { type: 'gateLost' }, flushed.now + 10), 'hold').groups, []);
  });

  it('freezes nothing on a node that is to run nothing', () => {
    const { state: held, now } = holding();
    const state: NodeState = { ...held, cluster: { ...held.cluster, noQuorum: 'freeze' }, standby: true };
    assert.deepEqual(only(happens(state, { type: 'tick' }, now + 1000), 'hold').groups, []);
  });
});
