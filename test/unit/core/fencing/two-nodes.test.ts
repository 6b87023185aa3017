import assert from 'node:assert/strict';
import type { Effect } from '../../../../src/core/effect.ts';
import type { Fenced } from '../../../../src/core/message.ts';
import { createNode } from '../../../../src/core/node.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import type { Cluster } from '../../../../src/model/cluster.ts';
import type { Fencing } from '../../../../src/model/fencing.ts';
import { clusterOf } from '../../../simulation/cluster.ts';
import { beat, happens, say } from '../pair.ts';
import { life } from './nodes.ts';

const plan = { arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false, needs: 0 };
const newer = `${'2'.padStart(16, '0')}${'0'.repeat(16)}`;
const off: Fenced = { node: 'node2', incarnation: life };

function newNode(fenced: readonly Fenced[], of: Cluster = clusterOf({ nodes: 2, ...plan })): NodeState {
  const options = { incarnation: life, seed: [1, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {}, fenced };
  const state = createNode(of, 'node1', options, 0);
  happens(state, { type: 'tick' }, 0);
  return state;
}

/** What is to be kept in mind by the end of a step; undefined: as before. */
const noted = (effects: readonly Effect[]): readonly Fenced[] | undefined =>
  effects.flatMap((effect) => (effect.type === 'noteFenced' ? [effect.fenced] : [])).at(-1);

const hear = (state: NodeState, incarnation: string, now: number): readonly Effect[] =>
  happens(state, { type: 'message', from: 'node2', link: 'eth0', incarnation, message: beat }, now);

describe('who is left of two nodes, when its musterd is restarted', () => {
  it('counts alone again, until it hears the other one in a newer life vote', () => {
    assert.equal(newNode([]).quorate, false);
    const state = newNode([off]);
    assert.equal(state.quorate, true);
    assert.equal(noted(hear(state, life, 10)), undefined, 'what comes late of the old life is no news');
    assert.deepEqual(noted(hear(state, newer, 20)), [], 'the next start would not count alone');
    assert.equal(state.majority, 1);
    const propose = { kind: 'propose', nonce: '0'.repeat(32), incarnation: newer, lease: 200, requests: [] } as const;
    const vote = { ...propose, beat: (beat as Extract<typeof beat, { kind: 'beat' }>).beat };
    happens(state, { type: 'message', from: 'node2', link: 'eth0', incarnation: newer, message: vote }, 30);
    assert.equal(state.majority, 2);
  });

  it('does not where there are other votes, or where whoever fences it leaves it running', () => {
    const three = newNode([off], clusterOf({ nodes: 3, ...plan }));
    assert.deepEqual([three.quorate, three.fencing.fenced.size], [false, 0]);
    const arbitrated = newNode([off], clusterOf({ nodes: 2, ...plan, arbiters: 1 }));
    assert.equal(arbitrated.quorate, false);
    const cluster = clusterOf({ nodes: 2, ...plan });
    const by = (...agents: string[]): boolean => {
      const device = { options: {}, nodes: { node1: {}, node2: {} }, action: 'off' as const, timeout: 1000 };
      const devices = agents.map((agent): Fencing['devices'][number] => ({ name: agent, agent, ...device }));
      return newNode([off], { ...cluster, fencing: { ...cluster.fencing!, lines: [], devices } }).quorate;
    };
    assert.equal(by('fence_ipmilan', 'stonith:external/ipmi'), true);
    assert.equal(by('scsi'), false);
    assert.equal(by('fence_ipmilan', 'fence_mpath'), false, 'one of its levels would leave it on');
  });

  it('takes that back before it says that its own life is over, and when it hears that it is', () => {
    const state = newNode([off]);
    hear(state, newer, 10);
    const left = happens(state, { type: 'operator', id: 1, command: { kind: 'leave' } }, 20);
    const order = left.map((effect) => (effect.type === 'send' ? effect.message.kind : effect.type));
    assert.deepEqual(noted(left), []);
    assert.ok(order.indexOf('noteFenced') < order.indexOf('beat'), order.join(' '));

    const other = newNode([off]);
    const { beat: said } = beat as Extract<typeof beat, { kind: 'beat' }>;
    const wrong = say(
      other,
      'node2',
      { kind: 'beat', beat: { ...said, fenced: [{ node: 'node1', incarnation: life }] } },
      10,
    );
    assert.deepEqual(noted(wrong), []);
  });

  it('says nothing of the kind where it has nobody to tell: it goes on alone when it is started again', () => {
    const state = newNode([off]);
    const left = happens(state, { type: 'operator', id: 1, command: { kind: 'leave' } }, 20);
    assert.ok(left.some((effect) => effect.type === 'reply' && effect.ok));
    assert.equal(noted(left), undefined);
    assert.equal(state.fencing.ended, false);
  });
});
