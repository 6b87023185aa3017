import assert from 'node:assert/strict';
import type { Message } from '../../../src/core/message.ts';
import { Codec } from '../../../src/wire/codec.ts';
import { exampleBeat, incarnation, keyring, plain } from './examples.ts';

/**
 * The bytes of protocol version 1. A difference here means that a new supervisor does not understand an old one while a
 * cluster is upgraded: then the version has to rise, and these stay as they are.
 */
const header = (node: string, kind: string): string => `4d75 01 01 ${incarnation} 000000000001 ${node} ${kind}`;
const fromTo = '056e6f646531 056e6f646532';
const nonce = '000102030405060708090a0b0c0d0e0f';
const beatBytes = '02 0c616263646566303132333435 00 01 0465746830 020000000001 01 03776562';

// The tags were computed with another implementation (Python's hmac).
const golden: readonly { readonly message: Message; readonly body: string; readonly tag: string }[] = [
  {
    message: { kind: 'beat', beat: exampleBeat },
    body: `01 ${beatBytes}`,
    tag: '2bfa13b6ad0721f7d2aac5ea427d7e78',
  },
  {
    message: {
      kind: 'prepare',
      nonce,
      incarnation,
      requests: [{ group: 'web', round: 7, released: { round: 6, node: 'node2', incarnation } }],
    },
    body: `02 ${nonce} ${incarnation} 01 03776562 000000000007 01 000000000006 056e6f646532 ${incarnation}`,
    tag: '583748aba9a83a28fa11419d03ec42a6',
  },
  {
    message: {
      kind: 'promise',
      nonce,
      answers: [
        { group: 'web', ok: true, round: 7, remaining: 0 },
        { group: 'db', ok: false, round: 9, remaining: 120, holder: 'node3' },
      ],
    },
    body: `03 ${nonce} 02 03776562 01 000000000007 00000000 026462 02 000000000009 00000078 056e6f646533`,
    tag: 'e91af16a7e2802ed3bcdc9efd1eab1e2',
  },
  {
    message: {
      kind: 'propose',
      nonce,
      incarnation,
      lease: 200,
      requests: [{ group: 'web', round: 7 }],
      beat: exampleBeat,
    },
    body: `04 ${nonce} ${incarnation} 000000c8 01 03776562 000000000007 00 ${beatBytes}`,
    tag: '8538ed33e024143f23f9de9a4fed5a7d',
  },
  {
    message: {
      kind: 'accept',
      nonce,
      answers: [{ group: 'web', ok: true, round: 7, remaining: 0 }],
      beat: exampleBeat,
    },
    body: `05 ${nonce} 01 03776562 01 000000000007 00000000 ${beatBytes}`,
    tag: 'fb7af6e7d0e855629c510578ef98f88a',
  },
  {
    message: {
      kind: 'release',
      to: 'node2',
      releases: [{ group: 'web', ballot: { round: 7, node: 'node1', incarnation } }],
    },
    body: `06 056e6f646532 01 03776562 000000000007 056e6f646531 ${incarnation}`,
    tag: 'efe753310816bad2e23824dd5434e55a',
  },
  {
    message: { kind: 'offer', nonce, groups: ['web'] },
    body: `07 ${nonce} 01 03776562`,
    tag: '744bfcc516f9e75c52bcb5f1e026176a',
  },
  {
    message: { kind: 'take', nonce, groups: ['web'] },
    body: `08 ${nonce} 01 03776562`,
    tag: '2214ddc89b00a91e69b6290a19613f8f',
  },
];

describe('wire: the bytes of version 1', () => {
  for (const { message, body, tag } of golden) {
    it(`${message.kind} is written as ever, and read back`, () => {
      const sender = new Codec({ self: 'node1', incarnation, keyring, peers: ['node2'] });
      const receiver = new Codec({ self: 'node2', incarnation, keyring, peers: ['node1'] });
      const datagram = Buffer.from(sender.encode('node2', message));
      const signed = header(fromTo, body).replaceAll(' ', '');
      assert.equal(datagram.subarray(0, -16).toString('hex'), signed);
      assert.equal(datagram.subarray(-16).toString('hex'), tag);
      const decoded = receiver.decode(datagram);
      assert.ok(decoded.ok);
      assert.equal(decoded.from, 'node1');
      assert.equal(decoded.incarnation, incarnation);
      assert.deepEqual(plain(decoded.message), plain(message));
    });
  }
});
