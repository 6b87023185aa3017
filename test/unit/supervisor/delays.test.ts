import assert from 'node:assert/strict';
import { Delays } from '../../../src/supervisor/delays.ts';

describe('delays', () => {
  it('are remembered for a while, the longest of them', () => {
    const delays = new Delays(100);
    assert.equal(delays.longest(0), 0);
    delays.note(5, 10);
    delays.note(40.4, 20);
    delays.note(7, 50);
    assert.equal(delays.longest(60), 40);
    assert.equal(delays.longest(120), 40);
    assert.equal(delays.longest(121), 7);
    assert.equal(delays.longest(151), 0);
  });
});
