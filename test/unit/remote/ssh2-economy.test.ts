import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { gatherWrites } from '../../../src/remote/ssh2-economy.ts';

function recorder(): { stream: Duplex; calls: string[][] } {
  const calls: string[][] = [];
  const stream = new Duplex({
    read: () => {},
    writev: (chunks, done) => {
      calls.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  return { stream, calls };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('remote: writes of one turn', () => {
  it('leave together and in order, those of the next turn by themselves', async () => {
    const { stream, calls } = recorder();
    gatherWrites(stream);
    stream.write('a');
    await Promise.resolve();
    stream.write('b');
    assert.deepEqual(calls, []);
    await turn();
    assert.deepEqual(calls, [['a', 'b']]);
    stream.write('c');
    await turn();
    assert.deepEqual(calls, [['a', 'b'], ['c']]);
  });

  it('leave with the end of the stream, and tell when they have', async () => {
    const { stream, calls } = recorder();
    gatherWrites(stream);
    let told = 0;
    stream.write('a', () => told++);
    stream.end('b', () => told++);
    await turn();
    await turn();
    assert.deepEqual(calls.flat(), ['a', 'b']);
    assert.equal(told, 2);
  });

  it('say when there is no more room', () => {
    const { stream } = recorder();
    gatherWrites(stream);
    assert.equal(stream.write('x'.repeat(1 << 20)), false);
  });
});
