import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { PacketChannel } from '../../../src/remote/packet-channel.ts';
import { FieldReader, fields, messages, readBlocks } from '../../../src/remote/packets.ts';
import { draws } from '../../draws.ts';

describe('packets', () => {
  it('gives blocks back, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
        (contents, sizes) => {
          const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
          const seen: Buffer[] = [];
          readBlocks(
            stream,
            (block) => seen.push(Buffer.from(block)),
            (error) => assert.fail(error),
          );
          const bytes = Buffer.concat(contents.map((content) => fields(Buffer.from(content))));
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length]!;
            stream.emit('data', bytes.subarray(at, at + size));
            at += size;
          }
          assert.deepEqual(
            seen,
            contents.map((content) => Buffer.from(content)),
          );
        },
      ),
      { numRuns: draws(200) },
    );
  });

  it('refuses a block that is too long, and a field behind the end', () => {
    const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
    const wrong: Error[] = [];
    readBlocks(
      stream,
      () => assert.fail('no block'),
      (error) => wrong.push(error),
    );
    stream.emit('data', Buffer.from([0xff, 0xff, 0xff, 0xff, 0]));
    assert.equal(wrong.length, 1);
    assert.throws(() => new FieldReader(fields(5)).bytes(), RangeError);
    const reader = new FieldReader(fields(7, 'text', true));
    assert.deepEqual([reader.number(), reader.text(), reader.byte()], [7, 'text', 1]);
  });

  it('sends no more than the other side has room for, and asks for room as it is read', async () => {
    const sent: { type: number; body: Buffer }[] = [];
    const channel = new PacketChannel((type, body) => sent.push({ type, body }), { id: 9, window: 10, packet: 4 });
    let done = false;
    channel.write(Buffer.from('0123456789abcdef'), () => {
      done = true;
    });
    const data = (): string =>
      sent.flatMap(({ type, body }) => (type === messages.data ? [body.toString('latin1', 8)] : [])).join('|');
    assert.equal(data(), '0123|4567|89');
    assert.equal(done, false);
    channel.receive(messages.windowAdjust, new FieldReader(fields(6)));
    assert.equal(data(), '0123|4567|89|abcd|ef');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(done, true);

    const piece = Buffer.alloc(32 * 1024);
    const adjusts = (): number => sent.filter(({ type }) => type === messages.windowAdjust).length;
    for (let count = 0; count < 40; count++) channel.receive(messages.data, new FieldReader(fields(piece)));
    assert.equal(adjusts(), 0, 'nobody has read');
    channel.resume();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(adjusts(), 1);
  });

  it('ends when the other side closes and all was read', async () => {
    const channel = new PacketChannel(() => {}, { id: 9, window: 10, packet: 4 });
    let closed = false;
    const exits: unknown[] = [];
    channel.on('close', () => {
      closed = true;
    });
    channel.on('exit', (...words) => exits.push(words));
    channel.receive(messages.data, new FieldReader(fields('last')));
    channel.receive(messages.request, new FieldReader(Buffer.concat([fields('exit-status', false), fields(3)])));
    channel.receive(messages.eof, new FieldReader(Buffer.alloc(0)));
    channel.receive(messages.close, new FieldReader(Buffer.alloc(0)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(closed, false);
    channel.stderr.resume();
    const chunks: Buffer[] = [];
    for await (const chunk of channel) chunks.push(chunk as Buffer);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([Buffer.concat(chunks).toString(), closed, exits], ['last', true, [[3]]]);
  });
});
