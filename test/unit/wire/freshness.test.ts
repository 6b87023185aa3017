import assert from 'node:assert/strict';
import type { Message } from '../../../src/core/message.ts';
import { Codec } from '../../../src/wire/codec.ts';
import { exampleBeat, keyring } from './examples.ts';

const beat: Message = { kind: 'beat', beat: exampleBeat };

const selves = new Map<Codec, string>();

function started(self: 'node1' | 'node2', count: number, version: 1 | 2 = 2): Codec {
  const incarnation = count.toString(16).padStart(16, '0') + (count * 7919).toString(16).padStart(16, '0');
  const codec = new Codec({ self, incarnation, keyring, version, peers: [self === 'node1' ? 'node2' : 'node1'] });
  selves.set(codec, self);
  return codec;
}

/** What becomes of one beat from the first to the second. */
function says(from: Codec, to: Codec, datagrams: Uint8Array[] = [], epoch = 0): string {
  const datagram = from.encode(selves.get(to)!, beat, epoch);
  datagrams.push(datagram);
  const decoded = to.decode(datagram);
  return decoded.ok ? 'ok' : decoded.why;
}

describe('wire: what was captured before this process started', () => {
  it('counts only after one exchange of beats, whoever starts first', () => {
    const [left, right] = [started('node1', 3), started('node2', 4)];
    assert.equal(says(left, right), 'unproven');
    assert.equal(says(right, left), 'ok', 'it repeats the incarnation that it has just heard');
    assert.equal(says(left, right), 'ok');
  });

  it('changes nothing when it is played back to a node that has started anew', () => {
    const captured: Uint8Array[] = [];
    const left = started('node1', 3);
    const right = started('node2', 4);
    for (let turn = 0; turn < 5; turn++) {
      says(left, right, captured);
      says(right, left);
    }
    const again = started('node2', 5);
    for (const datagram of captured)
      assert.deepEqual(again.decode(datagram), { ok: false, why: 'unproven', from: 'node1' });
    assert.equal(says(left, again), 'unproven');
    assert.equal(says(again, left), 'ok', 'and the true node is heard all the same');
    assert.equal(says(left, again), 'ok');
  });

  it('and what an older life of the sender said does not keep its newer one from being heard', () => {
    const captured: Uint8Array[] = [];
    const [old, before] = [started('node1', 3), started('node2', 4)];
    says(old, before, captured);
    const [left, right] = [started('node1', 6), started('node2', 7)];
    assert.equal(right.decode(captured[0]!).ok, false);
    assert.equal(says(left, right), 'unproven');
    assert.equal(right.decode(captured[0]!).ok, false);
    assert.equal(says(right, left), 'ok');
    assert.equal(says(left, right), 'ok');
  });
});

describe('wire: versions while a cluster is upgraded', () => {
  it('an old and a new supervisor understand each other in the old version', () => {
    const [old, young] = [started('node1', 3, 1), started('node2', 4)];
    assert.equal(says(young, old), 'version', 'before it has heard the old one');
    assert.equal(says(old, young), 'ok');
    assert.equal(says(young, old), 'version', 'once, in case it has been upgraded meanwhile');
    assert.equal(says(young, old), 'ok');
    const datagrams: Uint8Array[] = [];
    for (let count = 0; count < 96; count++) says(young, old, datagrams);
    assert.equal(datagrams.filter((datagram) => datagram[2] === 2).length, 3, 'seldom enough to be no loss');
  });

  it('two that were both upgraded, and each heard the old version of the other first, find it out', () => {
    const [before, after] = [started('node1', 3, 1), started('node1', 5)];
    const other = started('node2', 4);
    says(before, other);
    says(other, before);
    const late = other.encode('node1', beat);
    assert.equal(late[2], 1);
    assert.ok(after.decode(late).ok, 'it was under way while node1 was upgraded');
    for (let turn = 0; turn < 2; turn++) {
      says(after, other);
      says(other, after);
    }
    assert.equal(after.encode('node2', beat)[2], 2);
    assert.equal(other.encode('node1', beat)[2], 2);
  });

  it('once upgraded, they speak the new one', () => {
    const [old, young] = [started('node1', 3, 1), started('node2', 4)];
    says(old, young);
    const upgraded = started('node1', 5);
    says(upgraded, young);
    assert.equal(says(young, upgraded), 'ok');
    assert.equal(says(upgraded, young), 'ok');
    assert.equal(young.encode('node1', beat)[2], 2);
    assert.equal(says(old, young), 'old-incarnation', 'what was captured before the upgrade');
  });

  it('a supervisor may be taken back to the older one', () => {
    const [left, right] = [started('node1', 3), started('node2', 4)];
    says(left, right);
    says(right, left);
    says(left, right);
    const back = started('node1', 5, 1);
    assert.equal(says(back, right), 'ok');
    says(right, back);
    assert.equal(says(right, back), 'ok');
  });

  it('votes of changed voters are never told in a version that cannot say so', () => {
    const [old, young] = [started('node1', 3, 1), started('node2', 4)];
    says(old, young);
    assert.equal(says(young, old, [], 1), 'version');
  });
});
