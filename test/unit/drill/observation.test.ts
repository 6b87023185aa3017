import assert from 'node:assert/strict';
import { collect, type Observation, type ProbeLine, readLine, writeLine } from '../../../src/drill/observation.ts';
import { servedBy } from '../../../src/drill/probe/requests.ts';
import { readWitnessLine } from '../../../src/drill/probe/witness.ts';

const lines: readonly ProbeLine[] = [
  { kind: 'datagram', sequence: 7, sentMs: 12.345, answeredMs: 13.5, by: 'node1' },
  { kind: 'datagram', sequence: 8, sentMs: 17.345, answeredMs: null, by: null },
  { kind: 'http', sequence: 3, startMs: 1, endMs: 4.25, ok: true, by: 'node2', result: '200' },
  { kind: 'http', sequence: 4, startMs: 6, endMs: 906, ok: false, by: null, result: 'timed out' },
  { kind: 'witness', what: 'arp', round: 9, sentMs: 90, answeredMs: 90.125, mac: '02:00:00:00:00:01' },
  { kind: 'announcement', seenMs: 95, mac: '02:00:00:00:00:02' },
  { kind: 'ready', atMs: 0.5 },
  { kind: 'failure', why: 'no "perl"' },
];

describe('lines of the probe', () => {
  for (const line of lines) {
    it(`read back what was written: ${line.kind}`, () => {
      const text = writeLine(line);
      assert.doesNotMatch(text, /\n/);
      assert.deepEqual(readLine(text), line);
    });
  }

  it('are refused where nobody wrote them', () => {
    assert.throws(() => readLine('["x",1]'), /unknown line/);
  });

  it('are collected by kind, in the order of sending', () => {
    const seen = lines.slice(0, 6).reverse() as Observation[];
    const all = collect(seen);
    assert.deepEqual(
      all.datagrams.map((probe) => probe.sequence),
      [7, 8],
    );
    assert.deepEqual(
      all.requests.map((probe) => probe.sequence),
      [3, 4],
    );
    assert.equal(all.witness.length, 1);
    assert.equal(all.announcements.length, 1);
  });
});

describe('lines of the witness', () => {
  it('are answers and announcements', () => {
    assert.deepEqual(readWitnessLine('e 4 40000000 40250000 02:00:00:00:00:01'), {
      kind: 'witness',
      what: 'echo',
      round: 4,
      sentMs: 40,
      answeredMs: 40.25,
      mac: '02:00:00:00:00:01',
    });
    assert.equal(readWitnessLine('a 5000000 02:00:00:00:00:01')?.kind, 'announcement');
    assert.equal(readWitnessLine('anything'), undefined);
  });
});

describe('the node that served a page', () => {
  const nodes = ['node1', 'node11', 'node2'];
  it('is the one that it names as such, else the first that it mentions as a word', () => {
    assert.equal(servedBy('HTTP/1.1 200 OK\r\n\r\n<p>served by node11</p>', nodes), 'node11');
    assert.equal(servedBy('hello from node11', nodes), 'node11');
    assert.equal(servedBy('node2, not node1', nodes), 'node1');
    assert.equal(servedBy('hello', nodes), null);
  });
});
