import assert from 'node:assert/strict';
import type { Effect } from '../../../../src/core/effect.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import { beat, happens, only, say, sent } from '../pair.ts';
import { ballotOf, life, newNode, recordOf, written } from './nodes.ts';

/** A voter's silence after its start is over then. */
const later = 300;

function prepare(state: NodeState, from: string, round: number, now: number): readonly Effect[] {
  const requests = [{ group: 'web1', round }];
  return say(
    state,
    from,
    { kind: 'prepare', nonce: `${round}`.padStart(32, '0'), incarnation: life, requests, lease: 200, owned: ['web1'] },
    now,
  );
}

function propose(state: NodeState, from: string, round: number, now: number, nonce = 'f'): readonly Effect[] {
  if (beat.kind !== 'beat') throw new Error('no beat');
  const request = { nonce: nonce.repeat(32), incarnation: life, lease: 200, requests: [{ group: 'web1', round }] };
  return say(state, from, { kind: 'propose', ...request, beat: beat.beat }, now);
}

const accepted = (effects: readonly Effect[]): (boolean | undefined)[] =>
  sent(effects, 'accept').map(({ answers }) => answers[0]?.ok);

describe('a voter, of groups that need fencing', () => {
  it('has the owner on its disk before it accepts, and writes nothing for a renewal', () => {
    const state = newNode('node2');
    prepare(state, 'node1', 1, later);
    const asked = propose(state, 'node1', 1, later + 1);
    assert.deepEqual(accepted(asked), []);
    assert.deepEqual(only(asked, 'persistOwners').records.owners[0]?.ballot, ballotOf('node1', 1));
    assert.deepEqual(accepted(written(state, asked, later + 5)), [true]);
    const renewed = propose(state, 'node1', 1, later + 50, 'e');
    assert.deepEqual(accepted(renewed), [true]);
    assert.ok(renewed.every(({ type }) => type !== 'persistOwners'));
  });

  it('does not accept what was overtaken by a newer promise while it was being written', () => {
    const state = newNode('node2');
    prepare(state, 'node1', 1, later);
    const asked = propose(state, 'node1', 1, later + 1);
    const [promise] = sent(prepare(state, 'node3', 2, later + 2), 'promise');
    assert.equal(promise?.answers[0]?.ok, true);
    assert.deepEqual(accepted(written(state, asked, later + 5)), [false]);
  });

  it('says nothing where the record could not be written', () => {
    const state = newNode('node2');
    prepare(state, 'node1', 1, later);
    const { id } = only(propose(state, 'node1', 1, later + 1), 'persistOwners');
    assert.deepEqual(accepted(happens(state, { type: 'ownersPersisted', id, ok: false }, later + 5)), []);
    // It may be on the disk all the same, or not: the next renewal has it written again.
    const again = propose(state, 'node1', 1, later + 50, 'e');
    assert.deepEqual(accepted(again), []);
    assert.deepEqual(accepted(written(state, again, later + 55)), [true]);
  });

  it('promises nothing after a restart that it may have promised before, and goes on with the ballot on record', () => {
    const state = newNode('node2', recordOf('node1', 7, 1000));
    const [refusal] = sent(prepare(state, 'node3', 8, later), 'promise');
    assert.deepEqual([refusal?.answers[0]?.ok, refusal?.answers[0]?.round], [false, 1000]);
    assert.deepEqual(accepted(propose(state, 'node3', 8, later + 1)), [false]);
    assert.deepEqual(accepted(propose(state, 'node1', 7, later + 2, 'e')), [true]);
  });

  it('says with a promise who has it on record, and whether that is over', () => {
    const state = newNode('node2', recordOf('node1', 7));
    const word = (round: number, now: number): unknown =>
      sent(prepare(state, 'node3', round, now), 'promise')[0]?.owners;
    const record = { ballot: ballotOf('node1', 7), over: false };
    assert.deepEqual(word(8, later), [{ group: 'web1', known: true, record, clean: true, runs: false }]);
    say(state, 'node1', { kind: 'release', releases: [{ group: 'web1', ballot: ballotOf('node1', 7) }] }, later + 1);
    const over = { ...record, over: true };
    assert.deepEqual(word(9, later + 2), [{ group: 'web1', known: true, record: over, clean: true, runs: false }]);
    assert.deepEqual(sent(prepare(newNode('node2'), 'node3', 1, later), 'promise')[0]?.owners, [
      { group: 'web1', known: false, record: undefined, clean: true, runs: false },
    ]);
  });
});
