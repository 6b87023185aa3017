import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Beat, Message } from '../../../src/core/message.ts';
import { tagBytes, tagOf } from '../../../src/wire/authentication.ts';
import { Codec } from '../../../src/wire/codec.ts';
import { keyring } from './examples.ts';

const incarnations = ['0000000000000001', '0000000000000002'].flatMap((starts) =>
  ['aaaaaaaa0badcafe', 'bbbbbbbb0badcafe'].map((random) => starts + random),
);
const beats: readonly Beat[] = [false, true].flatMap((standby) =>
  [undefined, 1].map((reach) => ({
    configHash: 'c0ffee',
    bundleHash: 'beef',
    macs: { eth0: '02:00:00:00:00:01' },
    standby,
    quorate: true,
    holds: standby ? [] : ['web'],
    ...(reach === undefined ? {} : { reach }),
  })),
);
const messages: readonly Message[] = beats.flatMap((beat): Message[] => [
  { kind: 'beat', beat },
  {
    kind: 'propose',
    nonce: '22'.repeat(16),
    incarnation: '33'.repeat(16),
    lease: 270,
    requests: [{ group: 'web', round: beat.standby ? 7 : 8 }],
    beat,
  },
  { kind: 'accept', nonce: '11'.repeat(16), answers: [{ group: 'web', ok: true, round: 7, remaining: 200 }], beat },
]);

const sends = fc.array(
  fc.record({
    incarnation: fc.constantFrom(...incarnations),
    version: fc.constantFrom(1 as const, 2 as const),
    message: fc.constantFrom(...messages),
    epoch: fc.constantFrom(0, 0, 3),
    to: fc.constantFrom('node2', 'node3'),
  }),
  { maxLength: 60 },
);

describe('wire: bytes that are kept', () => {
  it('are those that a codec without a past would write, and mean the same to it', () => {
    fc.assert(
      fc.property(sends, (list) => {
        const codecs = new Map<string, Codec>();
        const codec = (key: string, self: string, incarnation: string, version: 1 | 2 = 2): Codec => {
          const peers = ['node1', 'node2', 'node3'].filter((name) => name !== self);
          const made = codecs.get(key) ?? new Codec({ self, incarnation, version, keyring, peers, echoes: false });
          codecs.set(key, made);
          return made;
        };
        const counts = new Map<string, number>();
        for (const { incarnation, version, message, epoch, to } of list) {
          const name = `${incarnation} ${version}`;
          const bytes = codec(name, 'node1', incarnation, version).encode(to, message, epoch);
          const sent = (counts.get(name) ?? 0) + 1;
          counts.set(name, sent);
          const fresh = (self: string): Codec =>
            new Codec({ self, incarnation, version, keyring, peers: ['node1'], echoes: false });
          // As many before it as the other has sent: the sequence number is part of what is signed.
          const writer = fresh('node1');
          for (let before = 1; before < sent; before++) writer.encode(to, { kind: 'stepDown' }, epoch === 0 ? 0 : 5);
          assert.deepEqual(Buffer.from(bytes), Buffer.from(writer.encode(to, message, epoch)));
          const known = codec(to, to, incarnations[0]!).decode(bytes);
          const first = new Codec({ self: to, incarnation, keyring, peers: ['node1'], echoes: false }).decode(bytes);
          assert.equal(first.ok, true);
          if (known.ok) assert.deepEqual(known, first);
          else
            assert.ok(
              known.why === 'old-incarnation' ||
                known.why === 'overtaken' ||
                known.why === 'replayed' ||
                known.why === 'duplicate',
              known.why,
            );
        }
      }),
    );
  });

  it('in version 1 too, nothing may follow a beat, also where that beat is known', () => {
    const options = { keyring, echoes: false, peers: ['node1', 'node2'] };
    const sender = new Codec({ ...options, self: 'node1', incarnation: incarnations[0]!, version: 1 });
    const receiver = new Codec({ ...options, self: 'node2', incarnation: incarnations[0]! });
    const bytes = Buffer.from(sender.encode('node2', { kind: 'beat', beat: beats[0]! }));
    const longer = Buffer.concat([bytes.subarray(0, -tagBytes), Buffer.of(0)]);
    const signed = Buffer.concat([longer, tagOf(longer, keyring.secrets.get(1)!)]);
    assert.equal(receiver.decode(signed).ok, false);
    assert.equal(receiver.decode(bytes).ok, true);
    assert.equal(receiver.decode(signed).ok, false);
    assert.equal(receiver.dropped.malformed, 2);
  });
});
