import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { Beat, Message, OwnerWord } from '../../../src/core/message.ts';
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
      const sender = new Codec({ version: 1, self: 'node1', incarnation, keyring, peers: ['node2'] });
      const receiver = new Codec({ self: 'node2', incarnation, keyring, peers: ['node1'] });
      const datagram = Buffer.from(sender.encode('node2', message));
      const signed = header(fromTo, body).replaceAll(' ', '');
      assert.equal(datagram.subarray(0, -16).toString('hex'), signed);
      assert.equal(datagram.subarray(-16).toString('hex'), tag);
      const decoded = receiver.decode(datagram);
      assert.ok(decoded.ok);
      assert.equal(decoded.from, 'node1');
      assert.equal(decoded.incarnation, incarnation);
      assert.equal(decoded.epoch, 0);
      assert.deepEqual(plain(decoded.message), plain(message));
    });
  }
});

const echo = 'e0e1e2e3e4e5e6e7e8e9eaebecedeeef';
const second = `4d75 02 01 ${incarnation} 000000000001 ${fromTo} 02 ${echo} 000000000005`;
const ballot = { round: 7, node: 'node2', incarnation };
const ballotBytes = `000000000007 056e6f646532 ${incarnation}`;
const two = '02 056e6f646531 056e6f646532';
const voters = ['node1', 'node2'];

// Bodies as the layout says them; where a message is as in version 1, so are its bytes.
const goldenSecond: readonly { readonly message: Message; readonly body: string }[] = [
  { message: { kind: 'beat', beat: exampleBeat }, body: `01 ${beatBytes}` },
  {
    message: { kind: 'prepare', nonce, incarnation, requests: [{ group: 'web', round: 7, addresses: ['10.0.0.9'] }] },
    body: `02 ${nonce} ${incarnation} 01 03776562 000000000007 00 01 0831302e302e302e39`,
  },
  {
    message: {
      kind: 'prepare',
      nonce,
      incarnation,
      requests: [{ group: 'web', round: 7, addresses: ['10.0.0.9'] }],
      lease: 200,
    },
    body: `02 ${nonce} ${incarnation} 01 03776562 000000000007 00 01 0831302e302e302e39 000000c8`,
  },
  {
    message: { kind: 'prepare', nonce, incarnation, requests: [{ group: 'db', round: 7 }], lease: 200, owned: ['db'] },
    body: `02 ${nonce} ${incarnation} 01 026462 000000000007 00 00 000000c8 01 026462`,
  },
  golden[2]!,
  {
    message: {
      kind: 'promise',
      nonce,
      answers: [{ group: 'db', ok: true, round: 7, remaining: 0 }],
      // Together they have each flag in places of its own.
      owners: [
        { group: 'db', known: true, record: { ballot, over: true }, clean: false, runs: false },
        { group: 'web', known: true, clean: true, runs: false },
        { group: 'log', known: true, record: { ballot, over: false }, clean: false, runs: true },
        { group: 'www', known: false, clean: false, runs: false },
      ],
    },
    body: `03 ${nonce} 01 026462 01 000000000007 00000000 04 026462 07 ${ballotBytes} 03776562 09 036c6f67 13 ${ballotBytes} 03777777 00`,
  },
  {
    message: {
      kind: 'propose',
      nonce,
      incarnation,
      lease: 200,
      requests: [{ group: 'web', round: 7, released: ballot }],
      beat: exampleBeat,
    },
    body: `04 ${nonce} ${incarnation} 000000c8 01 03776562 000000000007 01 ${ballotBytes} 00 ${beatBytes}`,
  },
  ...golden.slice(4),
  { message: { kind: 'voters', voters }, body: `09 ${two}` },
  { message: { kind: 'stepDown' }, body: '0a' },
  {
    message: { kind: 'changePrepare', nonce, ballot, base: voters },
    body: `0b ${nonce} ${ballotBytes} ${two}`,
  },
  {
    message: { kind: 'changePromise', nonce, ok: true, round: 0, accepted: { ballot, voters } },
    body: `0c ${nonce} 01 000000000000 01 ${ballotBytes} ${two}`,
  },
  { message: { kind: 'changePromise', nonce, ok: false, round: 9 }, body: `0c ${nonce} 00 000000000009 00` },
  {
    message: { kind: 'changePropose', nonce, ballot, voters },
    body: `0d ${nonce} ${ballotBytes} ${two}`,
  },
  { message: { kind: 'changeAccept', nonce, ok: true, round: 0 }, body: `0e ${nonce} 01 000000000000` },
  {
    message: {
      kind: 'orders',
      orders: [
        { kind: 'pin', about: 'web', value: 'node2', version: 7, by: 'node1', remaining: 60_000 },
        { kind: 'maintenance', about: '', value: '', version: 8, by: 'node2' },
      ],
    },
    body: '14 02 00 03776562 056e6f646532 000000000007 056e6f646531 00000000ea61 02 00 00 000000000008 056e6f646532 000000000000',
  },
  {
    message: { kind: 'beat', beat: { ...exampleBeat, reach: 2, orders: 0xa1b2c3d4 } },
    body: `01 16 ${beatBytes.slice(3)} 02 a1b2c3d4`,
  },
  {
    message: { kind: 'beat', beat: { ...exampleBeat, needs: ['web'], wants: 0xa1b2c3d4, drift: 1000 } },
    body: `01 82 ${beatBytes.slice(3)} 07 01 03776562 a1b2c3d4 000003e8`,
  },
  {
    message: { kind: 'beat', beat: { ...exampleBeat, needs: [] } },
    body: `01 82 ${beatBytes.slice(3)} 01 00`,
  },
  {
    message: { kind: 'beat', beat: { ...exampleBeat, fenced: [{ node: 'node3', incarnation }] } },
    body: `01 42 ${beatBytes.slice(3)} 01 056e6f646533 ${incarnation} 00`,
  },
  {
    message: { kind: 'beat', beat: { ...exampleBeat, reach: 2, fenceMe: 'it hangs' } },
    body: `01 46 ${beatBytes.slice(3)} 02 00 0869742068616e6773`,
  },
  {
    // All that there is to say, in its order.
    message: {
      kind: 'beat',
      beat: {
        ...exampleBeat,
        reach: 2,
        mayRun: ['web', 'db'],
        barred: ['db'],
        starting: ['web'],
        fenced: [{ node: 'node3', incarnation }],
        fenceMe: 'it hangs',
        orders: 0xa1b2c3d4,
        waitsFor: ['node1'],
        needs: ['web'],
        wants: 0xe5f60718,
        drift: 1000,
      },
    },
    body: `01 fe ${beatBytes.slice(3)} 02 02 03776562 026462 01 026462 01 03776562 01 056e6f646533 ${incarnation} 0869742068616e6773 a1b2c3d4 01 056e6f646531 07 01 03776562 e5f60718 000003e8`,
  },
];

/** Every kind there is: the compiler sees to it. */
const everyKind: Record<Message['kind'], true> = {
  beat: true,
  prepare: true,
  promise: true,
  propose: true,
  accept: true,
  release: true,
  offer: true,
  take: true,
  voters: true,
  stepDown: true,
  changePrepare: true,
  changePromise: true,
  changePropose: true,
  changeAccept: true,
  orders: true,
};

/** And every field of what has got more of them since: a new one has to be written down above. */
const everyField: {
  readonly beat: Record<keyof Beat, true>;
  readonly prepare: Record<keyof Extract<Message, { kind: 'prepare' }>, true>;
  readonly promise: Record<keyof Extract<Message, { kind: 'promise' }>, true>;
  readonly owner: Record<keyof OwnerWord, true>;
} = {
  beat: {
    ...{ configHash: true, bundleHash: true, macs: true, standby: true, quorate: true, holds: true, reach: true },
    ...{ mayRun: true, barred: true, starting: true, fenced: true, fenceMe: true, waitsFor: true, orders: true },
    ...{ needs: true, wants: true, drift: true },
  },
  prepare: { kind: true, nonce: true, incarnation: true, requests: true, lease: true, owned: true },
  promise: { kind: true, nonce: true, answers: true, owners: true },
  owner: { group: true, known: true, record: true, clean: true, runs: true },
};

/** A datagram of version 2 with this body, signed as the layout says. */
function signed(body: string, header = second): Buffer {
  const bytes = Buffer.from(`${header} ${body}`.replaceAll(' ', ''), 'hex');
  const tag = createHmac('sha256', 'a secret of the tests').update(bytes).digest().subarray(0, 16);
  return Buffer.concat([bytes, tag]);
}

describe('wire: the bytes of version 2', () => {
  const receive = (datagram: Uint8Array): ReturnType<Codec['decode']> =>
    new Codec({ self: 'node2', incarnation: echo, keyring, peers: ['node1'] }).decode(datagram);

  for (const { message, body } of goldenSecond) {
    it(`${message.kind} is written and read back, with the epoch`, () => {
      const sender = new Codec({ self: 'node1', incarnation, keyring, peers: ['node2'] });
      const hello = new Codec({ self: 'node2', incarnation: echo, keyring, peers: ['node1'] });
      sender.decode(hello.encode('node1', { kind: 'stepDown' }));
      const datagram = Buffer.from(sender.encode('node2', message, 5));
      assert.equal(datagram.toString('hex'), signed(body).toString('hex'));
      const decoded = receive(datagram);
      assert.ok(decoded.ok);
      assert.equal(decoded.epoch, 5);
      assert.deepEqual(plain(decoded.message), plain(message));
    });
  }

  it('are written down for every kind of message', () => {
    const kinds = new Set(goldenSecond.map(({ message }) => message.kind));
    assert.deepEqual([...kinds].sort(), Object.keys(everyKind).sort());
  });

  it('are written down for every field of a beat, of a prepare and of a promise', () => {
    const messages = goldenSecond.map(({ message }) => message);
    const promises = messages.filter((message) => message.kind === 'promise');
    const said: Record<keyof typeof everyField, readonly object[]> = {
      beat: messages.flatMap((message) => (message.kind === 'beat' ? [message.beat] : [])),
      prepare: messages.filter(({ kind }) => kind === 'prepare'),
      promise: promises,
      owner: promises.flatMap(({ owners = [] }) => owners),
    };
    for (const [what, fields] of Object.entries(everyField)) {
      const seen = new Set(said[what as keyof typeof everyField].flatMap((one) => Object.keys(one)));
      assert.deepEqual([...seen].sort(), Object.keys(fields).sort(), what);
    }
  });

  it('has what the sender reaches behind the beat, where it says so', () => {
    const sender = new Codec({ self: 'node1', incarnation, keyring, peers: ['node2'] });
    const hello = new Codec({ self: 'node2', incarnation: echo, keyring, peers: ['node1'] });
    sender.decode(hello.encode('node1', { kind: 'stepDown' }));
    const message: Message = { kind: 'beat', beat: { ...exampleBeat, reach: 3 } };
    const datagram = Buffer.from(sender.encode('node2', message, 5));
    assert.equal(datagram.toString('hex'), signed(`01 06 ${beatBytes.slice(3)} 03`).toString('hex'));
    const decoded = receive(datagram);
    assert.ok(decoded.ok);
    assert.deepEqual(plain(decoded.message), plain(message));
  });

  it('has which groups may run there and which are given up behind that, where agents run any', () => {
    const sender = new Codec({ self: 'node1', incarnation, keyring, peers: ['node2'] });
    const hello = new Codec({ self: 'node2', incarnation: echo, keyring, peers: ['node1'] });
    sender.decode(hello.encode('node1', { kind: 'stepDown' }));
    const said = { ...exampleBeat, reach: 3, mayRun: ['web', 'db'], barred: ['db'], starting: ['web'] };
    const datagram = Buffer.from(sender.encode('node2', { kind: 'beat', beat: said }, 5));
    const bytes = `01 0e ${beatBytes.slice(3)} 03 02 03776562 026462 01 026462 01 03776562`;
    assert.equal(datagram.toString('hex'), signed(bytes).toString('hex'));
    const decoded = receive(datagram);
    assert.ok(decoded.ok);
    assert.deepEqual(plain(decoded.message), plain({ kind: 'beat', beat: said }));
  });

  it('has whom its groups wait for at the end, behind the hash over orders', () => {
    const sender = new Codec({ self: 'node1', incarnation, keyring, peers: ['node2'] });
    const hello = new Codec({ self: 'node2', incarnation: echo, keyring, peers: ['node1'] });
    sender.decode(hello.encode('node1', { kind: 'stepDown' }));
    const said = { ...exampleBeat, orders: 7, waitsFor: ['node1'] };
    const datagram = Buffer.from(sender.encode('node2', { kind: 'beat', beat: said }, 5));
    const bytes = `01 32 ${beatBytes.slice(3)} 00000007 01 056e6f646531`;
    assert.equal(datagram.toString('hex'), signed(bytes).toString('hex'));
    const decoded = receive(datagram);
    assert.ok(decoded.ok);
    assert.deepEqual(plain(decoded.message), plain({ kind: 'beat', beat: said }));
  });

  it('skips what a newer sender has behind the fields that are known here', () => {
    const decoded = receive(signed(`01 ${beatBytes} 0102030405`));
    assert.ok(decoded.ok);
    assert.deepEqual(plain(decoded.message), plain({ kind: 'beat', beat: exampleBeat }));
    const flagged = receive(signed(`01 82 ${beatBytes.slice(3)} f8 0102`));
    assert.ok(flagged.ok, 'a flag that is not known here means nothing');
    assert.deepEqual(plain(flagged.message), plain({ kind: 'beat', beat: exampleBeat }));
  });

  it('ignores and counts kinds that only a newer sender has, and whole versions', () => {
    const codec = new Codec({ self: 'node2', incarnation: echo, keyring, peers: ['node1'] });
    assert.deepEqual(codec.decode(signed('63 010203')), { ok: false, why: 'unknown-kind' });
    assert.equal(codec.dropped['unknown-kind'], 1);
    const third = second.replace('4d75 02', '4d75 03');
    assert.deepEqual(codec.decode(signed(`01 ${beatBytes}`, third)), { ok: false, why: 'version' });
  });

  it('a field that is cut short makes the whole message malformed', () => {
    for (const { body } of goldenSecond) {
      if (body === '0a') continue;
      const cut = body.replaceAll(' ', '').slice(0, -2);
      assert.deepEqual(receive(signed(cut)), { ok: false, why: 'malformed' }, body);
    }
  });
});
