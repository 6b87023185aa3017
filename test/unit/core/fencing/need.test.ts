import assert from 'node:assert/strict';
import { describe as describeNode } from '../../../../src/core/describe.ts';
import type { Effect } from '../../../../src/core/effect.ts';
import type { OwnerRecords } from '../../../../src/core/fencing/owner-record.ts';
import type { Beat, Message } from '../../../../src/core/message.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import { beat, happens, only, say, sent } from '../pair.ts';
import { arms, ballotOf, life, newNode, promise, recordOf, written } from './nodes.ts';

const needs: Partial<Beat> = { needs: ['web1'], configHash: 'bbbb' };
const needsNothing: Partial<Beat> = { needs: [] };

/** A node of three that takes web1 for a group that needs no fencing. */
function unaware(self: string, owners?: OwnerRecords): NodeState {
  return newNode(self, owners, 0);
}

/** A sign of life that says more; what has to be on the disk for it is there at once. */
function says(state: NodeState, from: string, more: Partial<Beat>, now: number, incarnation = life): readonly Effect[] {
  if (beat.kind !== 'beat') throw new Error('no beat');
  const message: Message = { kind: 'beat', beat: { ...beat.beat, ...more } };
  const effects = happens(state, { type: 'message', from, link: 'eth0', incarnation, message }, now);
  for (const effect of effects)
    if (effect.type === 'persistOwners') happens(state, { type: 'ownersPersisted', id: effect.id, ok: true }, now);
  return effects;
}

/** node1 at the moment at which it asks for web1: it hears node2, and has heard node3 once. */
function asking(
  ofNode2: Partial<Beat>,
  owners?: OwnerRecords,
  ofNode3: Partial<Beat> = {},
): { state: NodeState; nonce: string; owned: readonly string[] | undefined } {
  const state = unaware('node1', owners);
  says(state, 'node3', ofNode3, 10);
  for (const now of [10, 100, 200, 300, 350]) says(state, 'node2', ofNode2, now);
  const prepare = sent(says(state, 'node2', ofNode2, 400), 'prepare').at(-1);
  assert.ok(prepare !== undefined, 'it asks');
  return { state, nonce: prepare.nonce, owned: prepare.owned };
}

/** Whether a voter promises to node3. */
function promises(state: NodeState, now: number, owned?: readonly string[]): { ok: boolean; said: number } {
  const asked = { nonce: 'f'.repeat(32), incarnation: life, requests: [{ group: 'web1', round: 1 }], lease: 200 };
  const effects = say(state, 'node3', { kind: 'prepare', ...asked, ...(owned && { owned }) }, now);
  const said = effects.filter((effect) => effect.type === 'decide' && effect.decision.what === 'unaware').length;
  return { ok: sent(effects, 'promise')[0]?.answers[0]?.ok === true, said };
}

describe('nodes whose configurations differ in what needs fencing', () => {
  it('ask for a group as one that needs it when another node says so', () => {
    assert.equal(asking(needsNothing).owned, undefined);
    assert.deepEqual(asking(needs).owned, ['web1']);
  });

  it('wait for whoever may still run it, and say whose configuration wants that', () => {
    const { state, nonce } = asking(needs);
    assert.equal(arms(promise(state, nonce, { known: false }, 401)), false);
    assert.deepEqual(state.fencing.waiting.get('web1')?.nodes, ['node3']);
    const { reason } = describeNode(state, 402).groups[0]!;
    assert.match(reason, /it needs fencing by the configuration bbbb of node2, not by that of node1/);
  });

  it('go on where nobody may run it any more', () => {
    const known = { ballot: ballotOf('node1', 0), over: true };
    const again = asking(needs, { promisedUpTo: 0, owners: [{ group: 'web1', ...known, epoch: 0 }] });
    assert.equal(arms(promise(again.state, again.nonce, { record: known }, 401)), true);
  });

  it('give no vote to who does not know it, and say so once', () => {
    const state = newNode('node2');
    assert.deepEqual(promises(state, 300), { ok: false, said: 1 });
    assert.deepEqual(promises(state, 301), { ok: false, said: 0 });
    assert.equal(state.counters.unaware, 2);
    assert.equal(promises(state, 302, ['web1']).ok, true);
  });

  it('say who had it to whom they refuse it, and who is refused waits for that', () => {
    const state = newNode('node2', recordOf('node1', 4));
    const asked = { nonce: 'f'.repeat(32), incarnation: life, requests: [{ group: 'web1', round: 5 }], lease: 200 };
    const [said] = sent(say(state, 'node3', { kind: 'prepare', ...asked }, 300), 'promise');
    assert.deepEqual(said?.owners?.[0]?.record, { ballot: ballotOf('node1', 4), over: false });
    const { state: other, nonce } = asking(needsNothing);
    const answers = [{ group: 'web1', ok: false, round: 1, remaining: 0 }];
    const record = { ballot: ballotOf('node3', 4), over: false };
    const owners = [{ group: 'web1', known: true, clean: true, runs: false, record }];
    say(other, 'node2', { kind: 'promise', nonce, answers, owners }, 401);
    assert.deepEqual(other.fencing.waiting.get('web1')?.nodes, ['node3']);
  });

  it('give none either where they have only heard of it', () => {
    const state = unaware('node2');
    says(state, 'node1', needs, 290);
    assert.equal(promises(state, 300).ok, false);
    const other = unaware('node2');
    says(other, 'node1', needsNothing, 290);
    assert.equal(promises(other, 300).ok, true);
  });

  it('need it no more when the last that said so has started again without', () => {
    const state = unaware('node2');
    says(state, 'node1', needs, 290);
    says(state, 'node1', needsNothing, 295, `${'2'.padStart(16, '0')}${'0'.repeat(16)}`);
    assert.equal(promises(state, 300).ok, true);
  });

  it('go by what is on their disks where its owner has not said how it is', () => {
    assert.deepEqual(asking(needsNothing, recordOf('node3', 4)).owned, ['web1']);
    assert.equal(asking(needsNothing, recordOf('node1', 4)).owned, undefined, 'of its own it knows better');
    const { state, owned } = asking(needsNothing, recordOf('node3', 4), needsNothing);
    assert.equal(owned, undefined);
    assert.equal(state.fencing.records.has('web1'), false, 'nobody needs it on record any more');
  });

  it('say nothing of what they have only heard', () => {
    const state = unaware('node2');
    says(state, 'node1', needs, 10);
    const [said] = sent(happens(state, { type: 'tick' }, 200), 'beat');
    assert.deepEqual(said?.beat.needs, []);
    const [aware] = sent(happens(newNode('node2'), { type: 'tick' }, 200), 'beat');
    assert.deepEqual(aware?.beat.needs, ['web1']);
  });

  it('have the owner on record once they know it, also where it took the group before', () => {
    const state = unaware('node2');
    if (beat.kind !== 'beat') throw new Error('no beat');
    says(state, 'node3', needs, 300);
    const request = { nonce: 'e'.repeat(32), incarnation: life, lease: 200, requests: [{ group: 'web1', round: 7 }] };
    const effects = say(state, 'node1', { kind: 'propose', ...request, beat: beat.beat }, 301);
    assert.deepEqual(only(effects, 'persistOwners').records.owners[0]?.ballot, ballotOf('node1', 7));
    assert.equal(sent(written(state, effects, 302), 'accept')[0]?.answers[0]?.ok, true);
  });
});
