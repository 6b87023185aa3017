import assert from 'node:assert/strict';
import { ClockWatch } from '../../../src/supervisor/clock-watch.ts';

describe('the watch over the wall clock', () => {
  let monotonic: number;
  let wall: number;
  let said: string[];
  let watch: ClockWatch;
  beforeEach(() => {
    [monotonic, wall, said] = [5000, 1_700_000_000_000, []];
    const journal = { say: (what: string, why: string) => void said.push(`${what}: ${why}`) };
    watch = new ClockWatch({ journal, now: () => monotonic, wallClock: () => wall });
  });
  /** Some time passes; the wall clock goes `astray` milliseconds further than that. */
  function passes(ms: number, astray = 0): void {
    monotonic += ms;
    wall += ms + astray;
    watch.look();
  }

  it('counts and tells jumps, both ways', () => {
    passes(1000, 3_600_000);
    assert.deepEqual(said, ['clock: the wall clock jumped forward by 3600.0 s; nothing is decided by it']);
    passes(61_000, -90_500);
    assert.equal(said.at(-1), 'clock: the wall clock jumped back by 90.5 s; nothing is decided by it');
    assert.deepEqual(watch.counters(), { clockJumps: 2 });
  });

  it('takes neither slewing for a jump, nor a long time between two looks', () => {
    for (let times = 0; times < 100; times++) passes(1000, 400);
    passes(3_600_000);
    assert.deepEqual(watch.counters(), { clockJumps: 0 });
    assert.deepEqual(said, []);
  });

  it('counts each jump of a clock that jumps all the time, and tells one a minute', () => {
    for (let times = 0; times < 121; times++) passes(1000, times % 2 === 0 ? 9000 : -9000);
    assert.deepEqual(watch.counters(), { clockJumps: 121 });
    assert.equal(said.length, 3);
  });
});
