import assert from 'node:assert/strict';
import type { Effect } from '../../../src/core/effect.ts';
import type { VoterRecord } from '../../../src/core/epoch-state.ts';
import type { Message } from '../../../src/core/message.ts';
import { createNode } from '../../../src/core/node.ts';
import type { NodeState } from '../../../src/core/state.ts';
import { clusterOf } from '../../simulation/cluster.ts';
import { asking, beat, happens, holding, only, sent } from './pair.ts';

const three = ['node1', 'node2', 'node3'];
const four = [...three, 'node4'];
const nonce = 'ab'.repeat(16);
const ballotOf = (round: number, node = 'node2') => ({ round, node, incarnation: '0'.repeat(32) });

/** A node of four, of which three vote as of epoch 1. */
function recorded(self: string, record: Partial<VoterRecord> = {}): NodeState {
  const sizes = { nodes: 4, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false };
  const options = {
    incarnation: '1'.padStart(32, '0'),
    seed: [1, 2, 3, 4] as const,
    configHash: '',
    bundleHash: '',
    macs: {},
  };
  const known: VoterRecord = { epoch: 1, voters: three, promised: undefined, accepted: undefined, ...record };
  return createNode(clusterOf(sizes), self, { ...options, recorded: known }, 0);
}

function says(state: NodeState, from: string, message: Message, now: number, epoch = 1): readonly Effect[] {
  return happens(state, { type: 'message', from, link: 'eth0', epoch, message }, now);
}

const prepare = (round: number, node = 'node2'): Message => ({
  kind: 'changePrepare',
  nonce,
  ballot: ballotOf(round, node),
  base: three,
});
const propose = (round: number, voters = four): Message => ({
  kind: 'changePropose',
  nonce,
  ballot: ballotOf(round),
  voters,
});
const writes = (effects: readonly Effect[]): Extract<Effect, { type: 'persistEpoch' }>[] =>
  effects.filter((effect) => effect.type === 'persistEpoch');
const written = (state: NodeState, effects: readonly Effect[], now: number, ok = true): readonly Effect[] =>
  happens(state, { type: 'epochPersisted', id: only(effects, 'persistEpoch').id, ok }, now);

/** node1 sees to node4's vote: it has asked for promises, its own is on the disk. */
function proposing(): { state: NodeState; ask: Extract<Message, { kind: 'changePrepare' }>; now: number } {
  const state = recorded('node1');
  for (const from of ['node2', 'node3', 'node4']) says(state, from, beat, 10);
  const now = 500;
  for (const from of ['node2', 'node3', 'node4']) says(state, from, beat, now - 1);
  const effects = happens(state, { type: 'operator', id: 7, command: { kind: 'reconfigure', add: 'node4' } }, now);
  const [ask] = sent(effects, 'changePrepare');
  written(state, effects, now + 1);
  return { state, ask: ask!, now: now + 1 };
}

describe('core: a voter of a change', () => {
  it('answers only what is on its disk', () => {
    const state = recorded('node1');
    const asked = says(state, 'node2', prepare(3), 1000);
    assert.deepEqual(writes(asked)[0]!.record, { epoch: 1, voters: three, promised: ballotOf(3), accepted: undefined });
    assert.deepEqual(sent(asked, 'changePromise'), []);
    const answers = sent(written(state, asked, 1001), 'changePromise');
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      [true],
    );
    const proposed = says(state, 'node2', propose(3), 1002);
    assert.deepEqual(writes(proposed)[0]!.record.accepted, { ballot: ballotOf(3), voters: four });
    assert.deepEqual(sent(proposed, 'changeAccept'), []);
    assert.deepEqual(sent(written(state, proposed, 1003, false), 'changeAccept'), [], 'the disk refused it');
  });

  it('goes on counting by its configuration where all that it ever did was promise, and keeps the promise', () => {
    const state = recorded('node1', { epoch: 0, promised: ballotOf(3) });
    assert.deepEqual(state.voters, four, 'node4 has come since, and no change that would have made an epoch');
    const asked = says(state, 'node2', { ...prepare(2), base: four } as Message, 1000, 0);
    assert.deepEqual(
      sent(asked, 'changePromise').map(({ ok, round }) => ({ ok, round })),
      [{ ok: false, round: 3 }],
    );
    const accepted = { ballot: ballotOf(3), voters: three };
    assert.deepEqual(
      recorded('node1', { epoch: 0, promised: ballotOf(3), accepted }).voters,
      three,
      'it may be chosen',
    );
  });

  it('says what it has accepted, also from before its restart', () => {
    const accepted = { ballot: ballotOf(3), voters: four };
    const state = recorded('node1', { promised: ballotOf(3), accepted });
    const asked = says(state, 'node3', prepare(4, 'node3'), 1000);
    assert.deepEqual(sent(written(state, asked, 1001), 'changePromise')[0]!.accepted, accepted);
  });

  it('refuses a ballot that is older than one it has promised, in both phases', () => {
    const state = recorded('node1', { promised: ballotOf(5), accepted: undefined });
    const [promise] = sent(says(state, 'node2', prepare(4), 1000), 'changePromise');
    assert.deepEqual([promise!.ok, promise!.round], [false, 5]);
    const [accept] = sent(says(state, 'node2', propose(4), 1001), 'changeAccept');
    assert.deepEqual([accept!.ok, accept!.round], [false, 5]);
  });

  it('helps only a longest lease after the set in force was written down, or it was started', () => {
    const state = recorded('node1');
    assert.deepEqual(writes(says(state, 'node2', prepare(1), 100)), []);
    const learned = says(state, 'node2', { kind: 'voters', voters: four }, 1000, 2);
    written(state, learned, 1010);
    const next: Message = { kind: 'changePrepare', nonce, ballot: ballotOf(1), base: four };
    assert.deepEqual(writes(says(state, 'node2', next, 1100, 2)), [], 'leases of the epoch before may live');
    assert.equal(writes(says(state, 'node2', next, 1010 + 1.2 * state.lease * 1.01, 2)).length, 1);
  });

  it('helps nobody who counts by other voters, or who would change two at once', () => {
    const state = recorded('node1');
    assert.deepEqual(writes(says(state, 'node2', { ...prepare(3), base: four } as Message, 1000)), []);
    assert.deepEqual(writes(says(state, 'node2', propose(3, ['node1', 'node4']), 1001)), []);
  });
});

describe('core: who sees to a change', () => {
  const promise = (
    state: NodeState,
    ask: { nonce: string },
    from: string,
    accepted: { round: number; voters: string[] } | undefined,
    now: number,
  ) =>
    says(
      state,
      from,
      {
        kind: 'changePromise',
        nonce: ask.nonce,
        ok: true,
        round: 0,
        accepted: accepted && { ballot: ballotOf(accepted.round), voters: accepted.voters },
      },
      now,
    );

  it('proposes what may have been chosen before rather than its own wish', () => {
    const { state, ask, now } = proposing();
    const found = ['node1', 'node2'];
    const [proposed] = sent(promise(state, ask, 'node3', { round: 0, voters: found }, now + 1), 'changePropose');
    assert.deepEqual(proposed!.voters, found);
  });

  it('counts a change as chosen only with a majority of the old and of the new voters', () => {
    const { state, ask, now } = proposing();
    const effects = promise(state, ask, 'node2', undefined, now + 1);
    assert.deepEqual(sent(effects, 'changePropose')[0]!.voters, four);
    const accept = (from: string, at: number): readonly Effect[] =>
      says(state, from, { kind: 'changeAccept', nonce: ask.nonce, ok: true, round: 0 }, at);
    assert.deepEqual(writes(written(state, effects, now + 2)), [], 'one of three');
    assert.deepEqual(writes(accept('node2', now + 3)), [], 'two of the three old, but only two of the four new');
    const chosen = writes(accept('node4', now + 4));
    assert.deepEqual(
      chosen.map(({ record }) => [record.epoch, record.voters]),
      [[2, four]],
    );
    assert.equal(state.epoch, 1, 'not in force before it is on the disk');
    happens(state, { type: 'epochPersisted', id: chosen[0]!.id, ok: true }, now + 5);
    assert.deepEqual([state.epoch, state.voters], [2, four]);
  });
});

describe('core: other epochs', () => {
  const request: Message = {
    kind: 'prepare',
    nonce,
    incarnation: '0'.repeat(32),
    requests: [{ group: 'web1', round: 1 }],
  };

  it('whoever counts by older voters gets no vote, and is told the newer ones', () => {
    const state = recorded('node1');
    const effects = says(state, 'node2', request, 1000, 0);
    assert.deepEqual(sent(effects, 'promise'), []);
    assert.deepEqual(sent(effects, 'voters'), [{ kind: 'voters', voters: three }]);
    assert.equal(
      sent(says(state, 'node2', request, 1001), 'promise').length,
      1,
      'one who counts as this node does gets one',
    );
  });

  it('whoever counts by newer voters gets none before this node knows them', () => {
    const state = recorded('node1');
    assert.deepEqual(sent(says(state, 'node2', request, 1000, 2), 'promise'), []);
  });

  it('no vote of another epoch opens a gate', () => {
    const { state, now, nonce: asked } = asking();
    if (beat.kind !== 'beat') throw new Error('no beat');
    const answers = [{ group: 'web1', ok: true, round: 1, remaining: 0 }];
    const accept: Message = { kind: 'accept', nonce: asked, answers, beat: beat.beat };
    assert.ok(!says(state, 'node2', accept, now + 1, 1).some(({ type }) => type === 'grant'));
    assert.ok(says(state, 'node2', accept, now + 2, 0).some(({ type }) => type === 'grant'));
  });

  it('neither gives a vote nor gets one who is no voter', () => {
    const member = recorded('node1');
    assert.deepEqual(sent(says(member, 'node4', request, 1000), 'promise'), []);
    const outsider = recorded('node4');
    assert.deepEqual(sent(says(outsider, 'node2', request, 1000), 'promise'), []);
  });

  it('a holder that votes no more shuts its gate at once', () => {
    const { state, now } = holding();
    const learned = says(state, 'node2', { kind: 'voters', voters: ['node2', 'node3'] }, now + 1, 1);
    assert.equal(
      learned.some(({ type }) => type === 'close'),
      false,
      'not before it is written down',
    );
    const close = only(written(state, learned, now + 2), 'close');
    assert.deepEqual(close.groups, ['web1']);
  });

  it('a holder that goes on voting keeps its gate open and asks the new voters at once', () => {
    const { state, now } = holding();
    const learned = says(state, 'node2', { kind: 'voters', voters: four }, now + 1, 1);
    const effects = written(state, learned, now + 2);
    assert.equal(
      effects.some(({ type }) => type === 'close'),
      false,
    );
    assert.deepEqual(only(effects, 'arm').groups, ['web1']);
  });
});

describe('core: one address by two names, while configurations differ', () => {
  it('a node votes only for the addresses that it knows by this name', () => {
    const state = recorded('node1');
    const web = state.groups.get('web1')!;
    web.addresses = ['10.0.0.1'];
    const ask = (address: string, now: number) =>
      sent(
        says(
          state,
          'node2',
          {
            kind: 'prepare',
            nonce,
            incarnation: '0'.repeat(32),
            requests: [{ group: 'web1', round: 1, addresses: [address] }],
          },
          now,
        ),
        'promise',
      )[0]!.answers;
    assert.deepEqual(ask('10.0.0.2', 1000), [], 'it says nothing');
    assert.equal(ask('10.0.0.1', 1001).length, 1);
  });
});
