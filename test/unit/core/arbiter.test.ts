import assert from 'node:assert/strict';
import { arbiterGroups } from '../../../src/core/arbiter.ts';
import type { Message } from '../../../src/core/message.ts';
import { createNode } from '../../../src/core/node.ts';
import type { NodeState } from '../../../src/core/state.ts';
import { clusterOf } from '../../simulation/cluster.ts';
import { happens, say, sent } from './pair.ts';

const incarnation = '1'.padStart(16, '0') + '0'.repeat(16);
const beat = { configHash: '', bundleHash: '', macs: {}, standby: false, quorate: true, holds: [] };

/** An arbiter as its daemon makes it: it knows the nodes, and no group. */
function newArbiter(longestLease?: number): NodeState {
  const model = clusterOf({ nodes: 2, arbiters: 1, groups: 0, autoFailback: false, driftBound: 0.001, fast: false });
  const options = { incarnation, seed: [1, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {}, longestLease };
  return createNode(model, model.arbiters[0]!.name, options, 0);
}

const prepare = (nonce: string, groups: readonly string[]): Message => ({
  kind: 'prepare',
  nonce: nonce.padStart(32, '0'),
  incarnation,
  requests: groups.map((group) => ({ group, round: 1 })),
});
const propose = (groups: readonly string[], lease: number): Message => ({
  kind: 'propose',
  nonce: 'a'.repeat(32),
  incarnation,
  lease,
  requests: groups.map((group) => ({ group, round: 1 })),
  beat,
});

describe('an arbiter', () => {
  it('votes on groups that no file of its own names, and remembers who holds them', () => {
    const state = newArbiter();
    const now = state.silentUntil + 1;
    assert.equal(sent(say(state, 'node1', propose(['web', 'db'], state.lease), now), 'accept')[0]?.answers.length, 2);
    const [promise] = sent(say(state, 'node2', prepare('1', ['web']), now + 1), 'promise');
    assert.deepEqual(
      promise?.answers.map(({ ok, holder }) => [ok, holder]),
      [[false, 'node1']],
    );
  });

  it('answers nothing while it is silent after its start, for the longest lease that was ever asked for', () => {
    const state = newArbiter(30_000);
    assert.ok(state.silentUntil > 30_000);
    const late = state.silentUntil - 1;
    assert.equal(sent(say(state, 'node1', prepare('1', ['web']), late), 'promise').length, 0);
    assert.equal(sent(say(state, 'node1', prepare('2', ['web']), late + 2), 'promise').length, 1);
  });

  it('grants no lease that is longer than its bound', () => {
    const state = newArbiter();
    const now = state.silentUntil + 1;
    assert.equal(sent(say(state, 'node1', propose(['web'], state.lease + 1), now), 'accept').length, 0);
  });

  it('never challenges for a group itself', () => {
    const state = newArbiter();
    let now = state.silentUntil + 1;
    say(state, 'node1', propose(['web'], state.lease), now);
    for (const end = now + 10 * state.lease; now < end; now += 20) {
      const effects = happens(state, { type: 'tick' }, now);
      assert.deepEqual(
        effects.filter(({ type }) => !['send', 'decide', 'followPeers'].includes(type)),
        [],
      );
      assert.equal(sent(effects, 'prepare').length, 0);
    }
  });

  it('remembers a bounded number of groups, and forgets only what nobody has asked about for long', () => {
    const state = newArbiter();
    let now = state.silentUntil + 1;
    const names = Array.from({ length: arbiterGroups }, (_, index) => `group${index}`);
    say(state, 'node1', propose(names.slice(0, 200), state.lease), now);
    say(state, 'node1', propose(names.slice(200), state.lease), now);
    assert.equal(state.groups.size, arbiterGroups);
    const answers = sent(say(state, 'node2', prepare('1', ['another', 'group0']), now + 1), 'promise')[0]?.answers;
    assert.deepEqual(
      answers?.map(({ group }) => group),
      ['group0'],
    );
    now += 2 * state.lease + 1;
    say(state, 'node1', propose(['group0'], state.lease), now);
    const later = sent(say(state, 'node2', prepare('2', ['another', 'group0']), now + 1), 'promise')[0]?.answers;
    assert.deepEqual(
      later?.map(({ group, ok }) => [group, ok]),
      [
        ['another', true],
        ['group0', false],
      ],
    );
    assert.equal(state.groups.size, arbiterGroups);
  });
});
