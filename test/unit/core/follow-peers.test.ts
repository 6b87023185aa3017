import assert from 'node:assert/strict';
import type { Effect } from '../../../src/core/effect.ts';
import { beat, happens, newNode, say } from './pair.ts';

const follows = (effects: readonly Effect[]): number[] =>
  effects.flatMap(({ type }, index) => (type === 'followPeers' ? [index - effects.length] : []));

describe('core: what follows the peers', () => {
  it('is looked at anew, after all else, when one appears and when one is dead, and not in between', () => {
    const state = newNode('node1', 0);
    assert.deepEqual(follows(say(state, 'node2', beat, 10)), [-1]);
    assert.deepEqual(follows(say(state, 'node2', beat, 60)), []);
    assert.deepEqual(follows(happens(state, { type: 'tick' }, 180)), [], 'late is not dead');
    assert.deepEqual(follows(happens(state, { type: 'tick' }, 60 + 200)), [-1]);
    assert.deepEqual(follows(say(state, 'node2', beat, 300)), [-1]);
  });
});
