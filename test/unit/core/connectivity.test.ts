import assert from 'node:assert/strict';
import type { Effect } from '../../../src/core/effect.ts';
import type { NodeState } from '../../../src/core/state.ts';
import { beat, happens, holding, say, sent } from './pair.ts';

const offers = (effects: readonly Effect[]): number => sent(effects, 'offer').length;

/** node2 says that it reaches so many, and the lease of node1 is kept alive by its answers. */
function hears(state: NodeState, now: number, reach: number | undefined): readonly Effect[] {
  if (beat.kind !== 'beat') throw new Error('no beat');
  return say(state, 'node2', { kind: 'beat', beat: { ...beat.beat, reach } }, now);
}

/** Lets node1 hear node2 every 20 ms, arming and granting each renewal; what it offered, and when. */
function run(state: NodeState, from: number, until: number, reach: number | undefined): number[] {
  const offered: number[] = [];
  let pending: readonly Effect[] = [];
  for (let now = from; now < until; now += 20) {
    const effects = [...hears(state, now, reach)];
    pending = effects;
    while (pending.length > 0) {
      const next: Effect[] = [];
      for (const effect of pending) {
        if (effect.type === 'arm') next.push(...happens(state, { type: 'armed', token: effect.token, ok: true }, now));
        if (effect.type === 'grant')
          next.push(...happens(state, { type: 'granted', token: effect.token, ok: true }, now));
        if (effect.type === 'send' && effect.to === 'node2' && effect.message.kind === 'propose') {
          const { nonce, requests } = effect.message;
          const answers = requests.map(({ group, round }) => ({ group, ok: true, round, remaining: 0 }));
          if (beat.kind !== 'beat') throw new Error('no beat');
          next.push(...say(state, 'node2', { kind: 'accept', nonce, answers, beat: { ...beat.beat, reach } }, now));
        }
      }
      effects.push(...next);
      pending = next;
    }
    if (offers(effects) > 0) offered.push(now);
  }
  return offered;
}

describe('connectivity', () => {
  it('offers a group to a node that reaches strictly more, and not before it did so for deadping', () => {
    const { state, now } = holding();
    happens(state, { type: 'reach', reached: 1, of: 2 }, now);
    const [first] = run(state, now, now + 4000, 2);
    assert.ok(first !== undefined && first >= now + 1000 && first <= now + 1100, `offered ${first! - now} ms after`);
  });

  for (const [own, theirs, why] of [
    [1, 1, 'as much'],
    [2, 1, 'less'],
    [1, undefined, 'nobody knows what'],
    [undefined, 2, 'more, while this node does not know what it reaches itself'],
  ] as const) {
    it(`offers nothing to a node that reaches ${why}`, () => {
      const { state, now } = holding();
      if (own !== undefined) happens(state, { type: 'reach', reached: own, of: 2 }, now);
      assert.deepEqual(run(state, now, now + 4000, theirs), []);
    });
  }

  it('waits anew when the other node has reached no more for a moment', () => {
    const { state, now } = holding();
    happens(state, { type: 'reach', reached: 1, of: 2 }, now);
    assert.deepEqual(run(state, now, now + 900, 2), []);
    assert.deepEqual(run(state, now + 900, now + 940, 1), []);
    assert.deepEqual(run(state, now + 940, now + 1900, 2), []);
    assert.ok(run(state, now + 1900, now + 2100, 2).length > 0);
  });

  it('says in the beat what it reaches, and in the journal that this has changed', () => {
    const { state, now } = holding();
    const effects = happens(state, { type: 'reach', reached: 1, of: 2 }, now);
    const [said] = sent(effects, 'beat');
    assert.equal(said?.beat.reach, 1);
    const decisions = effects.flatMap((effect) => (effect.type === 'decide' ? [effect.decision] : []));
    assert.deepEqual(decisions, [{ what: 'reach', why: 'this node reaches 1 of 2 ping nodes and groups' }]);
    assert.deepEqual(
      happens(state, { type: 'reach', reached: 1, of: 2 }, now + 1).filter(({ type }) => type === 'decide'),
      [],
    );
  });
});
