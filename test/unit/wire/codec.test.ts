import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { Message } from '../../../src/core/message.ts';
import type { Keyring } from '../../../src/wire/authentication.ts';
import { Codec, type Decoded } from '../../../src/wire/codec.ts';
import { draws } from '../../draws.ts';
import { exampleBeat, incarnation, keyring, plain } from './examples.ts';

const beat: Message = { kind: 'beat', beat: exampleBeat };

function pair(keys = keyring): { sender: Codec; receiver: Codec } {
  return {
    sender: new Codec({ echoes: false, self: 'node1', incarnation, keyring: keys, peers: ['node2', 'node3'] }),
    receiver: new Codec({ echoes: false, self: 'node2', incarnation, keyring, peers: ['node1', 'node3'] }),
  };
}

function why(decoded: Decoded): string {
  return decoded.ok ? 'ok' : decoded.why;
}

describe('wire: what counts for nothing', () => {
  it('drops a copy that came over a second link, and what was overtaken', () => {
    const { sender, receiver } = pair();
    const first = sender.encode('node2', beat);
    const second = sender.encode('node2', beat);
    const third = sender.encode('node2', beat);
    const arrivals = [
      [first, 'eth0', 'ok'],
      [first, 'eth1', 'duplicate'],
      [first, 'eth1', 'replayed'],
      [third, 'eth1', 'ok'],
      [second, 'eth0', 'overtaken'],
      [second, 'eth1', 'duplicate'],
      [second, 'eth0', 'replayed'],
      [third, 'eth0', 'duplicate'],
    ] as const;
    for (const [bytes, link, verdict] of arrivals) assert.equal(why(receiver.decode(bytes, link)), verdict);
    const { duplicate, overtaken, replayed } = receiver.dropped;
    assert.deepEqual([duplicate, overtaken, replayed], [3, 1, 2]);
  });

  it('takes what is too old to tell for a replay', () => {
    const { sender, receiver } = pair();
    const old = [sender.encode('node2', beat), sender.encode('node2', beat)];
    for (let sent = 0; sent < 1023; sent++) receiver.decode(sender.encode('node2', beat), 'eth0');
    assert.deepEqual(
      old.map((bytes) => why(receiver.decode(bytes, 'eth0'))),
      ['replayed', 'overtaken'],
    );
  });

  it('whatever comes twice, late or in disorder, over whichever links: each message counts once, and never backwards', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(99), fc.nat(2)), { maxLength: 300 }), (arrivals) => {
        const { sender, receiver } = pair();
        const sent = Array.from({ length: 100 }, () => sender.encode('node2', beat));
        let newest = -1;
        for (const [number, link] of arrivals) {
          const fresh = why(receiver.decode(sent[number]!, `eth${link}`)) === 'ok';
          assert.equal(fresh, number > newest);
          newest = Math.max(newest, number);
        }
      }),
    );
  });

  it('says who sent what is dropped only where that is proven', () => {
    const { sender, receiver } = pair();
    const datagram = sender.encode('node2', beat);
    receiver.decode(datagram, 'eth0');
    assert.deepEqual(receiver.decode(datagram, 'eth1'), { ok: false, why: 'duplicate', from: 'node1' });
    datagram[datagram.length - 1]! ^= 1;
    assert.deepEqual(receiver.decode(datagram, 'eth1'), { ok: false, why: 'forged' });
  });

  it('signs with HMAC-SHA1 where the key says so, and a key counts only by its own method', () => {
    const secrets = new Map([[1, 'a secret of the tests']]);
    const old: Keyring = { signWith: 1, secrets, sha1: new Set([1]) };
    const { sender } = pair(old);
    const datagram = sender.encode('node2', beat);
    const wanted = createHmac('sha1', 'a secret of the tests').update(datagram.subarray(0, -16)).digest();
    assert.deepEqual(Buffer.from(datagram.subarray(-16)), wanted.subarray(0, 16));
    assert.equal(why(pair().receiver.decode(datagram)), 'forged');
    const receiver = new Codec({ echoes: false, self: 'node2', incarnation, keyring: old, peers: ['node1'] });
    assert.equal(why(receiver.decode(datagram)), 'ok');
  });

  it('rotates keys without losing a message: known everywhere, then signing, then gone', () => {
    const nodes = [
      pair().sender,
      new Codec({ echoes: false, self: 'node2', incarnation, keyring, peers: ['node1'] }),
    ] as const;
    const talk = (): void => {
      assert.equal(why(nodes[1].decode(nodes[0].encode('node2', beat))), 'ok');
      assert.equal(why(nodes[0].decode(nodes[1].encode('node1', beat))), 'ok');
    };
    const before = keyring.secrets;
    const both = new Map([...before, [2, 'the next secret']] as const);
    const after = new Map([[2, 'the next secret']]);
    for (const keys of [
      { signWith: 1, secrets: both },
      { signWith: 2, secrets: both },
      { signWith: 2, secrets: after },
    ]) {
      for (const node of nodes) {
        node.rekey(keys);
        talk();
      }
    }
    assert.deepEqual(
      [nodes[0], nodes[1]].map(({ dropped }) => dropped['unknown-key'] + dropped.forged),
      [0, 0],
    );
    const late = pair().sender.encode('node2', beat);
    assert.equal(why(nodes[1].decode(late)), 'unknown-key');
    assert.throws(() => nodes[0].rekey({ signWith: 9, secrets: after }), RangeError);
    talk();
  });

  it('drops everything of an incarnation that is older than one it has seen', () => {
    const { sender, receiver } = pair();
    const captured = sender.encode('node2', beat);
    const restarted = new Codec({
      echoes: false,
      self: 'node1',
      incarnation: '00000000000000040000000000000000',
      keyring,
      peers: ['node2'],
    });
    assert.equal(why(receiver.decode(restarted.encode('node2', beat))), 'ok');
    assert.equal(why(receiver.decode(captured)), 'old-incarnation');
    assert.equal(why(receiver.decode(sender.encode('node2', beat))), 'old-incarnation');
  });

  it('notices a single bit that was changed, anywhere', () => {
    const { sender, receiver } = pair();
    const datagram = sender.encode('node2', beat);
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const changed = Uint8Array.from(datagram);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.notEqual(why(receiver.decode(changed)), 'ok', `bit ${bit}`);
    }
    assert.equal(why(receiver.decode(datagram)), 'ok', 'none of them has used up the sequence number');
  });

  it('drops what a stranger signed, what was meant for another node, and what no peer sent', () => {
    const { receiver } = pair();
    const forger = new Codec({
      echoes: false,
      self: 'node1',
      incarnation,
      keyring: { signWith: 1, secrets: new Map([[1, 'guessed']]) },
      peers: [],
    });
    const otherKey = new Codec({
      echoes: false,
      self: 'node1',
      incarnation,
      keyring: { signWith: 9, secrets: new Map([[9, 'a secret of the tests']]) },
      peers: [],
    });
    const stranger = new Codec({ echoes: false, self: 'node9', incarnation, keyring, peers: [] });
    const { sender } = pair();
    assert.equal(why(receiver.decode(forger.encode('node2', beat))), 'forged');
    assert.equal(why(receiver.decode(otherKey.encode('node2', beat))), 'unknown-key');
    assert.equal(why(receiver.decode(stranger.encode('node2', beat))), 'unknown-sender');
    assert.equal(why(receiver.decode(sender.encode('node3', beat))), 'not-for-us');
  });

  it('accepts both keys while they are rotated', () => {
    const both = new Map([...keyring.secrets, [2, 'the next secret']] as const);
    const rotated = new Codec({
      echoes: false,
      self: 'node2',
      incarnation,
      keyring: { signWith: 2, secrets: both },
      peers: ['node1'],
    });
    const next = new Codec({
      echoes: false,
      self: 'node1',
      incarnation,
      keyring: { signWith: 2, secrets: both },
      peers: [],
    });
    const old = new Codec({ echoes: false, self: 'node1', incarnation: 'f'.repeat(32), keyring, peers: [] });
    assert.equal(why(rotated.decode(next.encode('node2', beat))), 'ok');
    assert.equal(why(rotated.decode(old.encode('node2', beat))), 'ok');
  });

  it('never throws, whatever the bytes are', () => {
    const { receiver } = pair();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(receiver.decode(bytes).ok, false);
      }),
      { numRuns: draws(2000) },
    );
  });

  it('refuses to be made with a key that the keyring has not', () => {
    assert.throws(() => pair({ signWith: 5, secrets: new Map() }), RangeError);
  });
});

const name = fc
  .string({ minLength: 1, maxLength: 12, unit: 'binary' })
  .filter((text) => Buffer.from(text).toString() === text);
const hex32 = fc.stringMatching(/^[0-9a-f]{32}$/);
const round = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const ballot = fc.record({ round, node: name, incarnation: hex32 });

describe('wire: what is written is read back', () => {
  it('for any request, answer and release', () => {
    const released = fc.record({ group: name, round, released: ballot });
    const request = fc.oneof(fc.record({ group: name, round }), released);
    const remaining = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const refused = fc.record({ group: name, ok: fc.boolean(), round, remaining, holder: name });
    const answer = fc.oneof(fc.record({ group: name, ok: fc.boolean(), round, remaining }), refused);
    const message: fc.Arbitrary<Message> = fc.oneof(
      fc.record({
        kind: fc.constant('prepare' as const),
        nonce: hex32,
        incarnation: hex32,
        requests: fc.array(request, { maxLength: 40 }),
      }),
      fc.record({ kind: fc.constant('promise' as const), nonce: hex32, answers: fc.array(answer, { maxLength: 40 }) }),
      fc.record({
        kind: fc.constant('release' as const),
        to: name,
        releases: fc.array(fc.record({ group: name, ballot }), { maxLength: 40 }),
      }),
    );
    const { sender, receiver } = pair();
    fc.assert(
      fc.property(message, (original) => {
        const decoded = receiver.decode(sender.encode('node2', original));
        assert.ok(decoded.ok, why(decoded));
        assert.deepEqual(plain(decoded.message), plain(original));
      }),
      { numRuns: draws(300) },
    );
  });
});
