import assert from 'node:assert/strict';
import type { Message } from '../../../src/core/message.ts';
import { Codec } from '../../../src/wire/codec.ts';
import { exampleBeat, incarnation, keyring, plain } from './examples.ts';

const nonce = '000102030405060708090a0b0c0d0e0f';
const ballot = { round: 7, node: 'node1', incarnation };
const word = { group: 'db', known: true, clean: false, runs: false };

const messages: readonly Message[] = [
  { kind: 'prepare', nonce, incarnation, requests: [{ group: 'db', round: 7 }], lease: 200, owned: ['db'] },
  {
    kind: 'promise',
    nonce,
    answers: [{ group: 'db', ok: true, round: 7, remaining: 0 }],
    owners: [
      { ...word, record: { ballot, over: true } },
      { ...word, known: false, clean: true },
      { ...word, record: { ballot, over: false }, runs: true },
    ],
  },
  { kind: 'beat', beat: { ...exampleBeat, fenced: [{ node: 'node3', incarnation }] } },
  { kind: 'beat', beat: { ...exampleBeat, reach: 2, fenceMe: 'it cannot be stopped' } },
  { kind: 'beat', beat: { ...exampleBeat, orders: 7, waitsFor: ['node1', 'node3'] } },
];

describe('wire: what is said of owners and fencing', () => {
  for (const message of messages) {
    it(`comes as it was said: ${message.kind}`, () => {
      const sender = new Codec({ echoes: false, self: 'node1', incarnation, keyring, peers: ['node2'] });
      const receiver = new Codec({ echoes: false, self: 'node2', incarnation, keyring, peers: ['node1'] });
      const decoded = receiver.decode(sender.encode('node2', message));
      assert.ok(decoded.ok);
      assert.deepEqual(plain(decoded.message), plain(message));
    });
  }

  it('is left out for who speaks the first version, and the rest is said', () => {
    const sender = new Codec({ echoes: false, self: 'node1', incarnation, keyring, peers: ['node2'], version: 1 });
    const receiver = new Codec({ echoes: false, self: 'node2', incarnation, keyring, peers: ['node1'], version: 1 });
    for (const message of messages) assert.ok(receiver.decode(sender.encode('node2', message)).ok);
  });
});
