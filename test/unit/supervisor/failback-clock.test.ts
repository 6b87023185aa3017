import assert from 'node:assert/strict';
import { noPlacement, type Placement } from '../../../src/model/placement.ts';
import { FailbackClock, minuteOfWeek } from '../../../src/supervisor/failback-clock.ts';
import { clusterOf } from '../../simulation/cluster.ts';

const cluster = clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false });

function told(placement: Placement | undefined, dates: readonly Date[]): number[] {
  const minutes: number[] = [];
  const clock = new FailbackClock({ ...cluster, placement }, (minute) => minutes.push(minute));
  for (const date of dates) clock.look(date);
  return minutes;
}

describe('the clock of failback windows', () => {
  // A Monday.
  const dates = [0, 30, 60].map((second) => new Date(2026, 10, 23, 1, 2, second));
  const window = { kind: 'window', window: { days: [1], from: 0, to: 60 } } as const;

  it('tells each minute once, counted from Sunday', () => {
    assert.deepEqual(told({ ...noPlacement, failback: window }, dates), [24 * 60 + 62, 24 * 60 + 63]);
    assert.equal(minuteOfWeek(new Date(2026, 10, 22, 0, 0)), 0);
  });

  it('tells nobody where there is no window', () => {
    assert.deepEqual(told(undefined, dates), []);
    assert.deepEqual(told({ ...noPlacement, failback: { kind: 'after', delay: 1000 } }, dates), []);
  });
});
