import assert from 'node:assert/strict';
import type { Effect } from '../../../../src/core/effect.ts';
import type { OwnerWord } from '../../../../src/core/message.ts';
import { beat, happens, only, say, sent } from '../pair.ts';
import { arms, asking, ballotOf, hear, life, newNode, promise, recordOf } from './nodes.ts';

const record = (node: string, over = false): OwnerWord['record'] => ({ ballot: ballotOf(node, 5), over });

describe('a candidate for a group that needs fencing', () => {
  const goesOn = (word: Partial<OwnerWord>, own = 'node3'): boolean => {
    const { state, now, nonce } = asking(recordOf(own, 4));
    return arms(promise(state, nonce, word, now + 1));
  };

  it('goes on where what was started before is over, and only there', () => {
    assert.equal(goesOn({ record: record('node3', true) }), true, 'released');
    assert.equal(goesOn({ record: record('node1') }), true, 'its own');
    assert.equal(goesOn({ record: record('node2') }), true, 'of a node that runs nothing of it and promises');
    assert.equal(goesOn({ record: record('node2'), clean: false }), false, 'of a node that may run it');
    assert.equal(goesOn({ record: record('node3') }), false, 'of a node that is not heard');
    assert.equal(
      goesOn({ record: { ballot: ballotOf('node3', 3), over: true } }),
      false,
      'an older record says nothing',
    );
  });

  it('does not go on where anybody says that something of it runs there', () => {
    assert.equal(goesOn({ record: record('node1'), clean: false, runs: true }), false);
  });

  it('does not go on where anybody who is heard has not given his word, and may run it by his beats', () => {
    if (beat.kind !== 'beat') throw new Error('no beat');
    for (const mayRun of [['web1'], []]) {
      const { state, now, nonce } = asking(recordOf('node3', 4));
      say(state, 'node3', { kind: 'beat', beat: { ...beat.beat, mayRun } }, now + 1);
      const effects = promise(state, nonce, { record: record('node3', true) }, now + 2);
      assert.equal(arms(effects), mayRun.length === 0);
    }
  });

  it('needs every other node where too few know who had it', () => {
    const { state, now, nonce } = asking();
    assert.equal(arms(promise(state, nonce, { known: false }, now + 1)), false);
    assert.deepEqual(state.fencing.waiting.get('web1')?.nodes, ['node3']);
  });

  it('asks again at once before the first start, where a voter is heard that is still silent', () => {
    const state = newNode('node1');
    const asked: number[] = [];
    for (let now = 10; now < 1500 && asked.length < 2; now += 5) {
      const effects = [...hear(state, 'node3', now), ...hear(state, 'node2', now)];
      const nonce = sent(effects, 'prepare').at(-1)?.nonce;
      if (nonce === undefined) continue;
      asked.push(now);
      promise(state, nonce, { known: false }, now + 1);
    }
    assert.equal(asked.length, 2);
    assert.deepEqual(state.fencing.waiting.get('web1')?.nodes, ['node3']);
    // Not half a lease later: the next in line would have had its turn by then.
    assert.ok(asked[1]! - asked[0]! <= state.attempt + 20, `asked at ${asked} ms, an attempt is ${state.attempt} ms`);
  });

  /** node1 has waited for long enough and asks for node3 to be fenced. */
  function shooting(): ReturnType<typeof asking> & { id: number } {
    const { state, now, nonce } = asking(recordOf('node3', 4));
    promise(state, nonce, { record: record('node3') }, now + 1);
    let at = now + 1;
    for (let effects: readonly Effect[] = []; at < now + 2000; at += 10) {
      effects = hear(state, 'node2', at);
      for (const { nonce: next } of sent(effects, 'prepare'))
        assert.equal(arms(promise(state, next, { record: record('node3') }, at)), false);
      if (effects.some(({ type }) => type === 'fence'))
        return { state, now: at, nonce: '', id: only(effects, 'fence').id };
    }
    throw new Error('nobody was fenced');
  }

  it('has the owner fenced, and goes on when that is confirmed', () => {
    const { state, now, id } = shooting();
    const event = { type: 'fenced', id, node: 'node3', ok: true, why: 'it is off' } as const;
    const effects = happens(state, event, now + 100);
    const told = sent(effects, 'beat')[0]?.beat.fenced;
    assert.deepEqual(told, [{ node: 'node3', incarnation: life }]);
    const [again] = sent(effects, 'prepare');
    assert.equal(arms(promise(state, again?.nonce ?? '', { record: record('node3') }, now + 101)), true);
  });

  it('does not where it failed, and tries again after a pause', () => {
    const { state, now, id } = shooting();
    const event = { type: 'fenced', id, node: 'node3', ok: false, why: 'no answer' } as const;
    happens(state, event, now + 100);
    let [tries, at] = [0, now + 100];
    for (; at < now + 6000; at += 20) {
      const effects = hear(state, 'node2', at);
      for (const { nonce } of sent(effects, 'prepare'))
        assert.equal(arms(promise(state, nonce, { record: record('node3') }, at)), false);
      tries += effects.filter(({ type }) => type === 'fence').length;
    }
    assert.equal(tries, 1);
  });

  it('takes a node that is heard in a newer life for fenced no more', () => {
    const { state, now, id } = shooting();
    happens(state, { type: 'fenced', id, node: 'node3', ok: true, why: 'it is off' }, now + 100);
    hear(state, 'node3', now + 110);
    assert.deepEqual([...state.fencing.fenced.keys()], ['node3'], 'what comes late of the old one says nothing');
    hear(state, 'node3', now + 120, `${'2'.padStart(16, '0')}${'0'.repeat(16)}`);
    assert.deepEqual([...state.fencing.fenced.keys()], []);
  });
});

describe("an operator's word about fencing", () => {
  const reply = (node: string, confirmed: boolean): { ok: boolean; text: string } => {
    const { state, now } = asking(recordOf('node3', 4));
    const effects = happens(state, { type: 'operator', id: 9, command: { kind: 'fence', node, confirmed } }, now + 1);
    const { ok, text } = only(effects, 'reply');
    return { ok, text };
  };

  it('counts for a node that is not heard, and for no other', () => {
    assert.deepEqual(reply('node3', true), { ok: true, text: 'node3 counts as fenced' });
    assert.equal(reply('node2', true).ok, false);
    assert.equal(reply('node1', false).ok, false);
    assert.match(reply('node9', true).text, /has no node "node9"/);
  });

  it('ends a node that was not off after all', () => {
    const { state, now } = asking();
    const fenced = [{ node: 'node1', incarnation: life }];
    if (beat.kind !== 'beat') throw new Error('no beat');
    say(state, 'node2', { kind: 'beat', beat: { ...beat.beat, fenced } }, now + 1);
    assert.equal(state.fencing.endedBy, 'node2');
    assert.equal(sent(happens(state, { type: 'tick' }, now + 2), 'prepare').length, 0);
  });
});
