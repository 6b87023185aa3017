import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { NetlinkConnection } from '../../../../src/supervisor/drivers/netlink/connection.ts';
import {
  attribute,
  NLMSG_DONE,
  NLMSG_ERROR,
  netlinkMessage,
  readAttributes,
  readMessages,
} from '../../../../src/supervisor/drivers/netlink/message.ts';
import { elementTransaction, macBytes, markBytes } from '../../../../src/supervisor/drivers/netlink/nftables.ts';
import { holdAddress, readDevice } from '../../../../src/supervisor/drivers/netlink/route.ts';
import type { RawSockets } from '../../../../src/supervisor/drivers/raw-sockets.ts';

/** An acknowledgement (errno 0) or an error, as the kernel sends it. */
function answer(sequence: number, error: number): Buffer {
  const body = Buffer.alloc(20);
  if (endianness() === 'LE') body.writeInt32LE(-error);
  else body.writeInt32BE(-error);
  return netlinkMessage(NLMSG_ERROR, 0, sequence, body);
}

function fakeKernel() {
  const sent: Buffer[] = [];
  let hear: (data: Buffer) => void = () => {};
  const sockets: RawSockets = {
    open: (_, onData) => {
      hear = onData;
      return { send: (payload) => void sent.push(Buffer.from(payload)), close: () => {} };
    },
    schedule: () => {},
    stop: async () => {},
  };
  return { sent, sockets, say: (data: Buffer) => hear(data) };
}

describe('netlink', () => {
  it('reads back the messages and attributes that it writes, whatever their lengths', () => {
    const bodies = [0, 1, 3, 4, 7].map((length) => attribute(5, Buffer.alloc(length, 7)));
    const bytes = Buffer.concat(bodies.map((body, index) => netlinkMessage(16, 1, index + 1, body)));
    const read = readMessages(bytes);
    assert.deepEqual(
      read.map(({ sequence, body }) => [sequence, readAttributes(body).get(5)?.length]),
      [
        [1, 0],
        [2, 1],
        [3, 3],
        [4, 4],
        [5, 7],
      ],
    );
    for (let length = 0; length < bytes.length; length++) readMessages(bytes.subarray(0, length));
  });

  it('changes elements in one batch, whose last change alone asks for an acknowledgement', () => {
    const element = { set: 'armed', key: markBytes(7) };
    const changes = { flush: ['passed4'], remove: [element], add: [{ ...element, timeout: 189 }] };
    const requests = elementTransaction('muster', changes);
    assert.deepEqual(
      requests.map(({ type, flags }) => [type & 0xff, flags & 0x4]),
      [
        [16, 0],
        [14, 0],
        [14, 0],
        [12, 4],
        [17, 0],
      ],
    );
    assert.ok(Buffer.from(requests[3]!.body).includes(Buffer.from([0, 0, 0, 0, 0, 0, 0, 189])));
    assert.throws(() => elementTransaction('muster', {}));
  });

  it('counts a transaction as failed when any of its messages did, though its last one was acknowledged', async () => {
    const { sent, sockets, say } = fakeKernel();
    const connection = new NetlinkConnection(sockets, 12, () => 0);
    const done = connection.transaction(
      elementTransaction('muster', {
        remove: [{ set: 'a', key: macBytes('02:00:00:00:00:01') }],
        add: [{ set: 'a', key: markBytes(1) }],
      }),
    );
    const sequences = readMessages(sent[0]!).map(({ sequence }) => sequence);
    say(Buffer.concat([answer(sequences[1]!, 2), answer(sequences[2]!, 0)]));
    assert.equal((await done).error, 2);
  });

  it('tells answers apart that come in one datagram, and gives up on those that never come', async () => {
    const { sent, sockets, say } = fakeKernel();
    const connection = new NetlinkConnection(sockets, 0, () => performance.now(), 0, undefined, 20);
    const body = Buffer.alloc(8);
    const first = connection.request({ type: 20, flags: 0, body });
    const second = connection.request({ type: 20, flags: 0, body });
    const lost = connection.request({ type: 20, flags: 0, body });
    const [one, two] = sent.map((bytes) => readMessages(bytes)[0]!.sequence);
    say(Buffer.concat([answer(one!, 0), answer(two!, 17)]));
    assert.deepEqual([(await first).error, (await second).error], [0, 17]);
    // By its own timer: nobody may ever ask again.
    assert.equal((await lost).error, 110);
  });

  it('takes a dump that changed meanwhile, or that the kernel broke off, for no answer', async () => {
    const { sent, sockets, say } = fakeKernel();
    const connection = new NetlinkConnection(sockets, 0, () => 0);
    const done = (error: number): Buffer => answer(0, error).subarray(16, 20);
    const ended = async (flags: number, error: number): Promise<number> => {
      const dump = connection.dump(22, Buffer.alloc(8));
      const { sequence } = readMessages(sent.at(-1)!)[0]!;
      say(netlinkMessage(20, 2, sequence, Buffer.alloc(8)));
      say(netlinkMessage(NLMSG_DONE, 2 | flags, sequence, done(error)));
      return (await dump).error;
    };
    assert.deepEqual([await ended(0, 0), await ended(0x10, 0), await ended(0, 12)], [0, 4, 12]);
  });

  it('gives a held IPv6 address no duplicate detection and no preferred lifetime', () => {
    const { body } = holdAddress('fd00:77::100', 64, 3, 3);
    const bytes = Buffer.from(body);
    assert.deepEqual([...bytes.subarray(0, 4)], [10, 64, 0, 0]);
    const attributes = readAttributes(bytes.subarray(8));
    const cache = attributes.get(6)!;
    const word = (at: number): number => (endianness() === 'LE' ? cache.readUInt32LE(at) : cache.readUInt32BE(at));
    assert.deepEqual([word(0), word(4)], [0, 3]);
    assert.equal(attributes.get(8)![endianness() === 'LE' ? 0 : 3], 0x02);
  });

  it('knows a device by what the kernel says of it', () => {
    const head = Buffer.alloc(16);
    const words = [2, 0x10001];
    if (endianness() === 'LE') {
      head.writeUInt32LE(words[0]!, 4);
      head.writeUInt32LE(words[1]!, 8);
    } else {
      head.writeUInt32BE(words[0]!, 4);
      head.writeUInt32BE(words[1]!, 8);
    }
    const body = Buffer.concat([
      head,
      attribute(3, Buffer.from('eth0\0')),
      attribute(1, macBytes('02:00:00:77:00:11')),
    ]);
    assert.deepEqual(readDevice(body), { name: 'eth0', index: 2, mac: '02:00:00:77:00:11', up: true });
    assert.equal(readDevice(Buffer.alloc(4)), undefined);
  });
});
