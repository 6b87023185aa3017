import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Message } from '../../../src/core/message.ts';
import { Codec, type Decoded } from '../../../src/wire/codec.ts';
import { exampleBeat, incarnation, keyring, plain } from './examples.ts';

const beat: Message = { kind: 'beat', beat: exampleBeat };

function pair(keys = keyring): { sender: Codec; receiver: Codec } {
  return {
    sender: new Codec({ self: 'node1', incarnation, keyring: keys, peers: ['node2', 'node3'] }),
    receiver: new Codec({ self: 'node2', incarnation, keyring, peers: ['node1', 'node3'] }),
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
    const verdicts = [first, first, third, second].map((bytes) => why(receiver.decode(bytes)));
    assert.deepEqual(verdicts, ['ok', 'replayed', 'ok', 'replayed']);
    assert.equal(receiver.dropped.replayed, 2);
  });

  it('drops everything of an incarnation that is older than one it has seen', () => {
    const { sender, receiver } = pair();
    const captured = sender.encode('node2', beat);
    const restarted = new Codec({
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
      self: 'node1',
      incarnation,
      keyring: { signWith: 1, secrets: new Map([[1, 'guessed']]) },
      peers: [],
    });
    const otherKey = new Codec({
      self: 'node1',
      incarnation,
      keyring: { signWith: 9, secrets: new Map([[9, 'a secret of the tests']]) },
      peers: [],
    });
    const stranger = new Codec({ self: 'node9', incarnation, keyring, peers: [] });
    const { sender } = pair();
    assert.equal(why(receiver.decode(forger.encode('node2', beat))), 'forged');
    assert.equal(why(receiver.decode(otherKey.encode('node2', beat))), 'unknown-key');
    assert.equal(why(receiver.decode(stranger.encode('node2', beat))), 'unknown-sender');
    assert.equal(why(receiver.decode(sender.encode('node3', beat))), 'not-for-us');
  });

  it('accepts both keys while they are rotated', () => {
    const both = new Map([...keyring.secrets, [2, 'the next secret']] as const);
    const rotated = new Codec({
      self: 'node2',
      incarnation,
      keyring: { signWith: 2, secrets: both },
      peers: ['node1'],
    });
    const next = new Codec({ self: 'node1', incarnation, keyring: { signWith: 2, secrets: both }, peers: [] });
    const old = new Codec({ self: 'node1', incarnation: 'f'.repeat(32), keyring, peers: [] });
    assert.equal(why(rotated.decode(next.encode('node2', beat))), 'ok');
    assert.equal(why(rotated.decode(old.encode('node2', beat))), 'ok');
  });

  it('never throws, whatever the bytes are', () => {
    const { receiver } = pair();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(receiver.decode(bytes).ok, false);
      }),
      { numRuns: 2000 },
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
      { numRuns: 300 },
    );
  });
});
