import assert from 'node:assert/strict';
import { longest, outagesOf, type Sample } from '../../../src/drill/outage.ts';

/** A probe each 5 ms from 0 to 1000 ms; those sent in one of the ranges fail. */
function samples(...failed: readonly (readonly [number, number])[]): Sample[] {
  return Array.from({ length: 201 }, (_, index) => index * 5).map((atMs) => ({
    atMs,
    ok: !failed.some(([from, to]) => atMs >= from && atMs <= to),
  }));
}
const window = { fromMs: 0, toMs: 1000 };

describe('outages', () => {
  it('are none where every probe is answered', () => {
    assert.deepEqual(outagesOf(samples(), 5, window), []);
    assert.equal(longest([]), undefined);
  });

  it('last from the last success to the first success after, less one interval', () => {
    const [outage, ...others] = outagesOf(samples([100, 295]), 5, window);
    assert.equal(others.length, 0);
    assert.deepEqual(outage, { fromMs: 95, toMs: 300, lengthMs: 200, uncertaintyMs: 5, failures: 40, open: false });
  });

  it('count one lost probe as one interval', () => {
    assert.equal(outagesOf(samples([100, 100]), 5, window)[0]?.lengthMs, 5);
  });

  it('keep two apart, and the longest is the longest', () => {
    const outages = outagesOf(samples([100, 120], [300, 390]), 5, window);
    assert.deepEqual(
      outages.map((outage) => outage.lengthMs),
      [25, 95],
    );
    assert.equal(longest(outages)?.fromMs, 295);
  });

  it('are not made by a pause of the probe itself', () => {
    const paused = samples().filter(({ atMs }) => atMs < 400 || atMs > 700);
    assert.deepEqual(outagesOf(paused, 5, window), []);
  });

  it('grow more uncertain where the probe paused at their edge', () => {
    const paused = samples([400, 600]).filter(({ atMs }) => atMs < 350 || atMs > 420);
    const [outage] = outagesOf(paused, 5, window);
    assert.equal(outage?.lengthMs, 605 - 345 - 5);
    assert.equal(outage?.uncertaintyMs, (605 - 345 - (600 - 425)) / 2);
  });

  it('stay open where no success follows', () => {
    const [outage] = outagesOf(samples([900, 1000]), 5, window);
    assert.equal(outage?.open, true);
    assert.equal(outage?.toMs, 1000);
  });

  it('see nothing outside of the window', () => {
    assert.deepEqual(outagesOf(samples([0, 100]), 5, { fromMs: 105, toMs: 1000 }), []);
  });
});
