import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Frame, type FrameKind, FrameReader, frameKinds, writeFrame } from '../../../src/wire/stream.ts';

const kind = fc.constantFrom(...(Object.keys(frameKinds) as FrameKind[]));
const frame = fc.record({ kind, payload: fc.uint8Array({ maxLength: 300 }) });

/** Cuts bytes at these places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('frames on the connection to an arbiter', () => {
  it('come out as they went in, in whatever pieces the stream comes', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(3000), { maxLength: 12 }), (frames, cuts) => {
        const reader = new FrameReader();
        const bytes = Buffer.concat(frames.map(({ kind: name, payload }) => writeFrame(name, payload)));
        const seen = pieces(bytes, cuts).flatMap((piece): readonly Frame[] => reader.push(Buffer.from(piece)) ?? []);
        assert.deepEqual(
          seen.map(({ kind: name, payload }) => [name, [...payload]]),
          frames.map(({ kind: name, payload }) => [name, [...payload]]),
        );
      }),
    );
  });

  it('are refused where they are none, and never kept beyond one of them', () => {
    assert.equal(new FrameReader().push(Buffer.from([0, 0, 0])), undefined);
    assert.equal(new FrameReader().push(Buffer.from([0, 1, 99])), undefined);
    assert.throws(() => writeFrame('datagram', new Uint8Array(65_535)), RangeError);
    assert.equal(writeFrame('datagram', new Uint8Array(65_534)).length, 65_537);
  });

  it('have these bytes, for good', () => {
    const bytes = [
      writeFrame('datagram', Buffer.from('4d75', 'hex')),
      writeFrame('hello', Buffer.alloc(2, 1)),
      writeFrame('refused', Buffer.from('no')),
      writeFrame('ping', Buffer.from('00000001', 'hex')),
      writeFrame('pong', Buffer.from('00000001', 'hex')),
    ].map((one) => one.toString('hex'));
    assert.deepEqual(bytes, ['0003004d75', '0003010101', '0003026e6f', '00050300000001', '00050400000001']);
  });
});
