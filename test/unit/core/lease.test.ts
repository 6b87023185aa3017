import assert from 'node:assert/strict';
import { describe as view } from '../../../src/core/describe.ts';
import { wakeAt } from '../../../src/core/node.ts';
import { rankDelay } from '../../../src/core/takeover.ts';
import { clusterOf } from '../../simulation/cluster.ts';
import { accept, asking, beat, happens, holding, newNode, only, say, sent } from './pair.ts';

const types = (effects: readonly { type: string }[]): string[] => effects.map((effect) => effect.type);

describe('lease: arm, ask, grant', () => {
  it('asks nobody before the kernel has armed, and grants only when a majority has answered', () => {
    const { state, token, nonce, now } = asking();
    assert.ok(!types(happens(state, { type: 'tick' }, now)).includes('grant'));
    const grant = only(accept(state, nonce, now + 1), 'grant');
    assert.equal(grant.token, token);
    const opened = happens(state, { type: 'granted', token, ok: true }, now + 2);
    assert.deepEqual(
      types(opened).filter((type) => type === 'hold' || type === 'announce'),
      ['hold', 'announce'],
    );
    assert.deepEqual(only(opened, 'hold').groups, ['web1']);
  });

  it('ignores an answer to another nonce, a late acknowledgement, and one for a token that it never armed', () => {
    const { state, token, now } = asking();
    assert.ok(!types(accept(state, 'f'.repeat(32), now + 1)).includes('grant'));
    assert.equal(sent(happens(state, { type: 'armed', token: token + 5, ok: true }, now + 1), 'propose').length, 0);
    assert.equal(sent(happens(state, { type: 'armed', token, ok: true }, now + 1), 'propose').length, 0);
  });

  it('does not ask for a token that the kernel refused or armed too late', () => {
    for (const [ok, after] of [
      [false, 1],
      [true, 150],
    ] as const) {
      const { state, now } = holding();
      const { token } = only(happens(state, { type: 'tick' }, now + 60), 'arm');
      const effects = happens(state, { type: 'armed', token, ok }, now + 60 + after);
      assert.deepEqual(
        sent(effects, 'propose').map((message) => message.requests),
        [],
      );
    }
  });

  it('renews with a new token and a new nonce each keepalive', () => {
    const { state, now, token } = holding();
    const tokens = new Set([token]);
    const nonces = new Set<string>();
    for (let at = now + 50; at < now + 151; at += 50) {
      const arm = only(happens(state, { type: 'tick' }, at), 'arm');
      assert.ok(arm.lifetime < 200 - 10);
      tokens.add(arm.token);
      const [propose] = sent(happens(state, { type: 'armed', token: arm.token, ok: true }, at + 1), 'propose');
      nonces.add(propose!.nonce);
      assert.equal(only(accept(state, propose!.nonce, at + 2), 'grant').token, arm.token);
    }
    assert.equal(tokens.size, 4);
    assert.equal(nonces.size, 3);
  });

  it('shuts the gate when its own count is over, before it looks at what has come in since', () => {
    const { state, now } = holding();
    const { token } = only(happens(state, { type: 'tick' }, now + 60), 'arm');
    const [propose] = sent(happens(state, { type: 'armed', token, ok: true }, now + 61), 'propose');
    // Frozen here; the answers were in the socket's buffer all the time.
    const effects = accept(state, propose!.nonce, now + 5000);
    assert.deepEqual(only(effects, 'close').groups, ['web1']);
    assert.deepEqual(only(effects, 'hold').groups, []);
    assert.ok(!types(effects).includes('grant'));
  });

  it('opens again by a fresh round after somebody flushed the ruleset', () => {
    const { state, now, token } = holding();
    const effects = happens(state, { type: 'gateLost' }, now + 10);
    assert.deepEqual(only(effects, 'hold').groups, []);
    assert.notEqual(only(effects, 'arm').token, token);
    assert.equal(view(state, now + 10).groups[0]!.gateOpen, false);
  });

  it('answers nothing as a voter right after its start, and answers later', () => {
    const state = newNode('node1', 0);
    const request = {
      kind: 'prepare',
      nonce: '0'.repeat(32),
      incarnation: '0'.repeat(32),
      requests: [{ group: 'web1', round: 1 }],
    } as const;
    assert.equal(sent(say(state, 'node2', request, 10), 'promise').length, 0);
    assert.equal(sent(say(state, 'node2', request, 239), 'promise').length, 0);
    assert.equal(sent(say(state, 'node2', request, 241), 'promise').length, 1);
  });

  it('does not vote for a lease that its silence after a restart would not outlast', () => {
    const state = newNode('node1', 0);
    if (beat.kind !== 'beat') assert.fail();
    const request = {
      kind: 'propose',
      nonce: '0'.repeat(32),
      incarnation: '0'.repeat(32),
      requests: [{ group: 'web1', round: 1 }],
      beat: beat.beat,
    } as const;
    assert.equal(sent(say(state, 'node2', { ...request, lease: state.lease + 1 }, 1000), 'accept').length, 0);
    assert.equal(sent(say(state, 'node2', { ...request, lease: state.lease }, 1001), 'accept').length, 1);
  });

  it('promises nothing to who could take longer to arm than its silence after a restart lasts', () => {
    const state = newNode('node1', 0);
    const request = {
      kind: 'prepare',
      nonce: '0'.repeat(32),
      incarnation: '0'.repeat(32),
      requests: [{ group: 'web1', round: 9 }],
    } as const;
    assert.equal(sent(say(state, 'node2', { ...request, lease: 8 * state.lease }, 1000), 'promise').length, 0);
    // Nor does it keep such a ballot in mind: an older one of somebody else gets its promise.
    const older = { ...request, requests: [{ group: 'web1', round: 1 }] };
    const [promise] = sent(say(state, 'node3', { ...older, lease: state.lease }, 1001), 'promise');
    assert.equal(promise!.answers[0]!.ok, true);
    assert.equal(sent(say(state, 'node2', request, 1002), 'promise')[0]!.answers[0]!.ok, true, 'an older version');
  });

  it('lets others have their turn for a lease where its own kernel refuses to arm, or does not answer', () => {
    for (const refused of [true, false]) {
      const state = newNode('node1', 0);
      for (const peer of ['node2', 'node3']) say(state, peer, beat, 10);
      let prepares: number[] = [];
      for (let at = 400; at < 400 + 3 * state.lease; at += 2) {
        const effects = at % 50 === 0 ? say(state, 'node2', beat, at) : happens(state, { type: 'tick' }, at);
        const [prepare] = sent(effects, 'prepare');
        if (prepare === undefined) continue;
        prepares = [...prepares, at];
        const answers = prepare.requests.map(({ group, round }) => ({ group, ok: true, round, remaining: 0 }));
        const arm = only(say(state, 'node2', { kind: 'promise', nonce: prepare.nonce, answers }, at), 'arm');
        if (refused) happens(state, { type: 'armed', token: arm.token, ok: false }, at);
      }
      assert.ok(prepares.length >= 2, 'it tries again');
      for (const [index, at] of prepares.entries())
        if (index > 0) assert.ok(at - prepares[index - 1]! >= state.lease, `${prepares}`);
    }
  });

  it('is challenged by one after the other when it has ended: who comes first asks at once, the next one later', () => {
    if (beat.kind !== 'beat') assert.fail();
    const asked = new Map<string, number>();
    const holder = { ...beat, beat: { ...beat.beat, holds: ['web1'] } };
    for (const [self, other] of [['node2', 'node3'] as const, ['node3', 'node2'] as const]) {
      const state = newNode(self, 0);
      for (const peer of ['node1', other]) say(state, peer, beat, 10);
      const propose = {
        kind: 'propose',
        nonce: '0'.repeat(32),
        incarnation: '0'.repeat(32),
        lease: state.lease,
      } as const;
      say(state, 'node1', { ...propose, requests: [{ group: 'web1', round: 1 }], beat: holder.beat }, 1000);
      for (let at = 1001; at < 1000 + 2 * state.lease && !asked.has(self); at++) {
        const effects = at % 50 === 0 ? say(state, other, beat, at) : happens(state, { type: 'tick' }, at);
        if (sent(effects, 'prepare').length > 0) asked.set(self, at - 1000 - state.lease);
      }
    }
    assert.ok(asked.get('node2')! >= 0 && asked.get('node2')! < rankDelay, `${asked.get('node2')}`);
    assert.ok(asked.get('node3')! >= rankDelay, `${asked.get('node3')}`);
  });

  it('leaves others the time for an attempt where voters promise and never accept', () => {
    const { state, now } = asking();
    const prepares: number[] = [];
    for (let at = now + 1; at < now + 4 * state.attempt; at++)
      if (sent(say(state, 'node2', beat, at), 'prepare').length > 0) prepares.push(at);
    assert.ok(prepares.length > 0 && prepares[0]! >= now + 2 * state.attempt - 2, `${prepares}`);
  });

  it('sends one datagram to each voter in a keepalive when idle', () => {
    const { state, now } = holding();
    let count = 0;
    for (let at = now + 1; at <= now + 1000; at++) {
      if (at % 50 === 0) for (const peer of ['node2', 'node3']) say(state, peer, beat, at);
      const effects = [...happens(state, { type: 'tick' }, at)];
      const arm = effects.find((effect) => effect.type === 'arm');
      if (arm !== undefined) effects.push(...happens(state, { type: 'armed', token: arm.token, ok: true }, at));
      const [propose] = sent(effects, 'propose');
      if (propose !== undefined) accept(state, propose.nonce, at);
      count += effects.filter((effect) => effect.type === 'send').length;
    }
    assert.ok(count >= 38 && count <= 42, `${count} datagrams to two voters in 20 keepalives`);
  });

  it('asks for all groups of a node, and renews them, in one kernel command and one datagram a voter', () => {
    const many = clusterOf({ nodes: 3, arbiters: 0, groups: 3, autoFailback: false, driftBound: 0.001, fast: false });
    const groups = many.groups.map((group) => ({ ...group, preferred: 'node1' }));
    const state = newNode('node1', 0, { ...many, groups });
    const all = ['web1', 'web2', 'web3'];
    const answers = all.map((group) => ({ group, ok: true, round: 1, remaining: 0 }));
    for (const peer of ['node2', 'node3']) say(state, peer, beat, 10);
    let now = 400;
    const prepares = sent(say(state, 'node2', beat, now), 'prepare');
    const promise = { kind: 'promise', nonce: prepares[0]!.nonce, answers } as const;
    let arm = only(say(state, 'node2', promise, now + 1), 'arm');
    const asked = prepares.map(({ requests }) => requests.map(({ group }) => group));
    for (let rounds = 0; rounds < 3; rounds++) {
      assert.deepEqual(arm.groups, all);
      const proposes = sent(happens(state, { type: 'armed', token: arm.token, ok: true }, now + 2), 'propose');
      asked.push(...proposes.map(({ requests }) => requests.map(({ group }) => group)));
      if (beat.kind !== 'beat') assert.fail();
      const accepted = { kind: 'accept', nonce: proposes[0]!.nonce, answers, beat: beat.beat } as const;
      assert.deepEqual(only(say(state, 'node2', accepted, now + 3), 'grant').groups, all);
      happens(state, { type: 'granted', token: arm.token, ok: true }, now + 4);
      now += 52;
      arm = only(happens(state, { type: 'tick' }, now), 'arm');
    }
    // Two other voters: of the first phase, and of three times the second one.
    assert.deepEqual(asked, Array(8).fill(all));
  });

  it('never wants to be woken in the past', () => {
    const { state, now } = holding();
    for (let at = now; at < now + 600; at += 7) {
      happens(state, { type: 'tick' }, at);
      assert.ok(wakeAt(state) > at);
    }
  });
});

describe('describe', () => {
  it('says who holds a group, by which votes, and why', () => {
    const { state, now } = holding();
    const [group] = view(state, now).groups;
    assert.equal(group!.holder, 'node1');
    assert.deepEqual(group!.votes, ['node1', 'node2']);
    assert.equal(group!.reason, 'on node1 as nobody had held it, and this is its preferred node');
  });

  it('says why nobody holds a group without quorum', () => {
    const state = newNode('node1', 0);
    happens(state, { type: 'tick' }, 1000);
    assert.match(view(state, 1000).groups[0]!.reason, /1 of 3 voters heard, 2 needed/);
  });

  it('is told in the beats of its peers what their configuration is', () => {
    const state = newNode('node1', 0);
    if (beat.kind !== 'beat') assert.fail();
    say(state, 'node2', { kind: 'beat', beat: { ...beat.beat, configHash: 'abcdef012345' } }, 10);
    assert.equal(view(state, 10).nodes[1]!.configHash, 'abcdef012345');
    const verdict = view(state, 10).groups[0]!.candidates.find(({ node }) => node === 'node2');
    assert.match(verdict!.why, /alive and quorate, but runs on another configuration \(abcdef012345\)$/);
    assert.equal(view(state, 10).nodes[2]!.state, 'unknown');
  });
});
