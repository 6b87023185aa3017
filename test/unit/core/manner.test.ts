import assert from 'node:assert/strict';
import type { Decision, Effect } from '../../../src/core/effect.ts';
import * as fencing from './fencing/nodes.ts';
import { accept, asking, beat, happens, holding, only, say, sent } from './pair.ts';

const decided = (effects: readonly Effect[], what: Decision['what']): Decision[] =>
  effects.flatMap((effect) => (effect.type === 'decide' && effect.decision.what === what ? [effect.decision] : []));

/** node1 at the moment at which its gate for web1 opens. */
function taken(before: (state: ReturnType<typeof asking>['state']) => void): Decision[] {
  const { state, now, token, nonce } = asking(before);
  accept(state, nonce, now + 1);
  return decided(happens(state, { type: 'granted', token, ok: true }, now + 2), 'takeover');
}

describe('the manner of a decision', () => {
  it('of a takeover says whether it was planned', () => {
    assert.equal(taken(() => {})[0]!.how, undefined, 'nobody had held it');
    const lost = (state: ReturnType<typeof asking>['state']): void => {
      Object.assign(state.groups.get('web1')!, { holder: 'node2', knownUntil: 20 });
    };
    assert.deepEqual(taken(lost), [
      { what: 'takeover', group: 'web1', how: 'failover', why: 'the lease of node2 ran out' },
    ]);
    const handed = (state: ReturnType<typeof asking>['state']): void => {
      const ballot = { round: 0, node: 'node2', incarnation: fencing.life };
      Object.assign(state.groups.get('web1')!, { expecting: { from: 'node2', until: 1e6, ballot } });
    };
    assert.deepEqual(taken(handed), [
      { what: 'takeover', group: 'web1', how: 'switchover', why: 'node2 handed it over' },
    ]);
  });

  it('of a takeover is said once: a gate that opens again is no failover', () => {
    const { state, now } = holding();
    const { token } = only(happens(state, { type: 'gateLost' }, now + 10), 'arm');
    const [propose] = sent(happens(state, { type: 'armed', token, ok: true }, now + 11), 'propose');
    accept(state, propose!.nonce, now + 12);
    const again = decided(happens(state, { type: 'granted', token, ok: true }, now + 13), 'takeover');
    assert.deepEqual(
      again.map(({ how }) => how),
      [undefined],
    );
  });

  it('of a fencing says who only learned of it', () => {
    const { state, now } = fencing.asking();
    const fenced = [{ node: 'node3', incarnation: fencing.life }];
    if (beat.kind !== 'beat') throw new Error('no beat');
    const heard = say(state, 'node2', { kind: 'beat', beat: { ...beat.beat, fenced } }, now + 1);
    assert.deepEqual(decided(heard, 'fenced'), [
      { what: 'fenced', node: 'node3', how: 'learned', why: 'node2 has made sure that it is off' },
    ]);
    const own = fencing.asking().state;
    const command = { kind: 'fence', node: 'node3', confirmed: true } as const;
    const said = decided(happens(own, { type: 'operator', id: 1, command }, 10_000), 'fenced');
    assert.deepEqual(
      said.map(({ how, why }) => ({ how, why })),
      [{ how: undefined, why: 'an operator has made sure that it is off' }],
    );
  });

  it('of resources says that they are well again', () => {
    const { state, now } = fencing.asking();
    const stands = { type: 'resources', group: 'web1', dirty: false, answers: 0 } as const;
    const how = (more: { phase: 'running' | 'stopped'; barred: string | undefined }, at: number): unknown[] =>
      decided(happens(state, { ...stands, ...more }, at), 'resources').map((one) => one.how);
    assert.deepEqual(how({ phase: 'stopped', barred: 'it failed there' }, now + 1), [undefined]);
    assert.deepEqual(how({ phase: 'stopped', barred: undefined }, now + 2), ['well']);
    assert.deepEqual(how({ phase: 'running', barred: undefined }, now + 3), ['well']);
    assert.deepEqual(how({ phase: 'stopped', barred: undefined }, now + 4), [undefined]);
  });
});
