import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameReader } from '../../../src/remote/frames.ts';
import { draws } from '../../draws.ts';

const marker = '\u001e0123456789abcdef:';

function read(chunks: readonly Buffer[]): { outputs: string[]; statuses: string[]; rest: string } {
  const outputs: string[] = [];
  const statuses: string[] = [];
  let current = '';
  const reader = new FrameReader(
    marker,
    (chunk) => {
      current += chunk.toString('latin1');
    },
    (status) => {
      outputs.push(current);
      statuses.push(status);
      current = '';
    },
  );
  for (const chunk of chunks) reader.push(chunk);
  return { outputs, statuses, rest: current };
}

describe('FrameReader', () => {
  it('gives back any outputs, however the stream is cut', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      // Beginnings of the marker are what could be mistaken.
      fc.nat({ max: marker.length - 1 }).map((length) => Buffer.from(marker.slice(0, length))),
    );
    const output = fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(output, fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
        (frames, sizes) => {
          fc.pre(frames.every(([text]) => !text.includes(marker)));
          const stream = Buffer.concat(frames.flatMap(([text, rc]) => [text, Buffer.from(`${marker}${rc};`)]));
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = sizes[turn % sizes.length]!;
            chunks.push(stream.subarray(at, at + size));
            at += size;
          }
          const seen = read(chunks);
          assert.deepEqual(
            seen.outputs,
            frames.map(([text]) => text.toString('latin1')),
          );
          assert.deepEqual(
            seen.statuses,
            frames.map(([, rc]) => String(rc)),
          );
          assert.equal(seen.rest, '');
        },
      ),
      { numRuns: draws(300) },
    );
  });

  it('passes output on at once, but for what could begin the marker', () => {
    assert.equal(read([Buffer.from('progress 10 %')]).rest, 'progress 10 %');
    assert.equal(read([Buffer.from(`half\u001e012`)]).rest, 'half');
    assert.equal(read([Buffer.from(`half\u001e012`), Buffer.from('no')]).rest, 'half\u001e012no');
  });
});
