import assert from 'node:assert/strict';
import { covered, doubleHoldings, stretchesOf } from '../../../src/drill/holders.ts';
import type { WitnessAnswer } from '../../../src/drill/observation.ts';

const one = '02:00:00:00:00:01';
const two = '02:00:00:00:00:02';

function answer(
  mac: string,
  round: number,
  what: WitnessAnswer['what'] = 'echo',
  delayMs = 0.2,
  offsetMs = 0,
): WitnessAnswer {
  const sentMs = round * 10 + offsetMs;
  return { kind: 'witness', what, round, sentMs, answeredMs: sentMs + delayMs, mac };
}
const rounds = (
  mac: string,
  from: number,
  to: number,
  what: WitnessAnswer['what'] = 'echo',
  offsetMs = 0,
): WitnessAnswer[] =>
  Array.from({ length: to - from + 1 }, (_, index) => answer(mac, from + index, what, 0.2, offsetMs));
const doubleMs = (answers: readonly WitnessAnswer[]): number => covered(doubleHoldings(answers, 10));

describe('double holders', () => {
  it('are none while one node answers', () => {
    assert.equal(doubleMs([...rounds(one, 1, 100), ...rounds(one, 1, 100, 'arp')]), 0);
  });

  it('are none in a hand-over from one round to the next', () => {
    assert.equal(doubleMs([...rounds(one, 1, 50), ...rounds(two, 51, 100)]), 0);
  });

  it('are none where one node answers the first probe of a round and the other the second', () => {
    assert.equal(doubleMs([...rounds(one, 1, 50), ...rounds(two, 50, 100, 'echo', 0.3)]), 0);
  });

  it('last as long as both are sure to hold', () => {
    const seen = [...rounds(one, 1, 50), ...rounds(two, 40, 100, 'echo', 0.3)];
    const [double, ...others] = doubleHoldings(seen, 10);
    assert.equal(others.length, 0);
    assert.deepEqual(double?.macs, [one, two]);
    assert.equal(double?.fromMs, 400.5);
    assert.equal(double?.toMs, 500);
  });

  it('are found where the rounds interleave for a single answer', () => {
    const seen = [...rounds(one, 1, 50), answer(two, 25, 'echo', 0.2, 0.3)];
    assert.equal(doubleMs(seen), 10);
  });

  it('are found where one accepts frames and the other only answers ARP', () => {
    assert.ok(doubleMs([...rounds(one, 1, 50), ...rounds(two, 30, 60, 'arp')]) > 190);
  });

  it('are judged for each version alone: one node may hold the IPv4 address and another the IPv6 one', () => {
    const four = [...rounds(one, 1, 50), ...rounds(one, 1, 50, 'arp')];
    const six = [...rounds(two, 1, 50, 'echo6'), ...rounds(two, 1, 50, 'nd')];
    assert.equal(doubleMs([...four, ...six]), 0);
    assert.ok(doubleMs([...four, ...six, ...rounds(one, 30, 60, 'nd')]) > 190);
    assert.equal(doubleMs([answer(one, 7, 'nd'), answer(two, 7, 'nd', 0.4)]), 10);
  });

  it('are found where two answer one ARP request', () => {
    assert.equal(doubleMs([answer(one, 7, 'arp'), answer(two, 7, 'arp', 0.4)]), 10);
  });

  it('are not made by answers that a thawed node gives late to questions from before', () => {
    // The node was frozen at 505 ms: what it had accepted until then it answers at 3000 ms, when the other holds.
    const late = [48, 49, 50].map((round) => answer(one, round, 'echo', 3000 - round * 10));
    assert.equal(doubleMs([...rounds(one, 1, 47), ...late, ...rounds(two, 70, 400)]), 0);
  });

  it('are not hidden by an answer that is missing now and then', () => {
    const sparse = rounds(two, 10, 90).filter(({ round }) => round % 3 !== 0);
    assert.ok(doubleMs([...rounds(one, 1, 100), ...sparse]) > 250);
  });
});

describe('stretches', () => {
  it('end where a round is missing', () => {
    const seen = stretchesOf([...rounds(one, 1, 10), ...rounds(one, 12, 20)]);
    assert.deepEqual(
      seen.map((stretch) => stretch.rounds),
      [10, 9],
    );
    assert.deepEqual(seen[0]?.certain, { fromMs: 10.2, toMs: 100 });
  });
});

describe('covered', () => {
  it('counts what overlaps once', () => {
    assert.equal(
      covered([
        { fromMs: 20, toMs: 30 },
        { fromMs: 0, toMs: 10 },
        { fromMs: 5, toMs: 25 },
      ]),
      30,
    );
  });
});
