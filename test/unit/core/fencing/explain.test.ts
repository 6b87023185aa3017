import assert from 'node:assert/strict';
import { describe as describeNode } from '../../../../src/core/describe.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import { beat, newNode, say } from '../pair.ts';

/** node1, which hears node2, could have web1, and is not certain of node3. */
function waiting(): NodeState {
  const state = newNode('node1', 0);
  say(state, 'node2', beat, 10);
  say(state, 'node2', beat, 500);
  state.fencing.waiting.set('web1', { nodes: ['node3'], since: 400, why: 'node3 held it last and may still run it' });
  return state;
}

const wish = {
  node: 'node3',
  why: 'web1 waits for it',
  since: 400,
  wait: 0,
  at: 400,
  asked: undefined,
  tries: 0,
  operators: [],
};

describe('what is said of a group that waits for fencing', () => {
  const said = (state: NodeState): { reason: string; waitsFor: readonly string[] } => {
    const { reason, waitsFor } = describeNode(state, 510).groups.find(({ name }) => name === 'web1')!;
    return { reason, waitsFor };
  };

  it('is whom it waits for, and why', () => {
    assert.deepEqual(said(waiting()), {
      reason: 'nobody has it, as node3 held it last and may still run it: it waits until node3 is fenced',
      waitsFor: ['node3'],
    });
  });

  it('is how far the fencing is, and why the last try came to nothing', () => {
    const state = waiting();
    state.fencing.wishes.set('node3', { ...wish, asked: { id: 1, incarnation: '' }, tries: 1, failure: undefined });
    assert.match(said(state).reason, /is fenced \(fencing is under way\)$/);
    state.fencing.wishes.set('node3', { ...wish, tries: 2, failure: 'ipmi (fence_ipmilan) timed out after 5 s' });
    assert.match(
      said(state).reason,
      /\(try 2 at node3, ipmi \(fence_ipmilan\) timed out after 5 s; fencing is to come\)$/,
    );
  });

  it('is nothing where it waits for nobody', () => {
    const state = newNode('node1', 0);
    say(state, 'node2', beat, 500);
    assert.deepEqual(said(state).waitsFor, []);
    assert.doesNotMatch(said(state).reason, /fenc/);
  });
});
