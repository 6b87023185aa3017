import assert from 'node:assert/strict';
import { overlapBound } from './checkers/overlap.ts';
import { realCore } from './core.ts';
import { defects } from './defects.ts';
import { addTally, emptyTally, type Job } from './job.ts';
import { inParallel, processors, seedJobs } from './pool.ts';
import { planOf, simulate, transcript } from './simulate.ts';

/** How many seeds: 50 for a look, 1500 in `npm test`: with those that have resources, some two minutes of two processors. */
const seeds = Number(process.env.SIM_SEEDS ?? '50');
const jobs = Math.min(2, processors);

describe('simulation', function () {
  // The count of seeds decides, never the clock: a busy machine only takes longer.
  this.timeout(30 * 60_000);

  it(`breaks no invariant with the first ${seeds} seeds`, async () => {
    const tally = emptyTally();
    const over = (): boolean => tally.failures.length > 0;
    await inParallel(jobs, seedJobs(1, seeds, over), (done) => {
      if (done.kind === 'seeds') addTally(tally, done.tally);
    });
    assert.deepEqual(tally.failures, []);
    assert.equal(tally.runs, seeds);
  });

  it(`breaks none with resources, whose agents fail, hang and lie, with the first ${Math.ceil(seeds / 5)} seeds`, async () => {
    const tally = emptyTally();
    const over = (): boolean => tally.failures.length > 0;
    await inParallel(jobs, seedJobs(1, Math.ceil(seeds / 5), over, true), (done) => {
      if (done.kind === 'seeds') addTally(tally, done.tally);
    });
    assert.deepEqual(tally.failures, []);
  });

  it('repeats exactly', () => {
    assert.deepEqual(transcript(planOf(7, false), realCore), transcript(planOf(7, false), realCore));
    assert.equal(simulate(7, realCore).steps, simulate(7, realCore).steps);
  });

  it('draws every kind of cluster and fault', () => {
    const plans = Array.from({ length: 300 }, (_, seed) => planOf(seed, false));
    const drawn = new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    assert.deepEqual([...drawn].sort(), [
      ...[
        'add',
        'attack',
        'cut',
        'flush',
        'freeze',
        'kill',
        'leave',
        'link',
        'maintenance',
        'move',
        'nftables',
        'one-link',
      ],
      ...['partition', 'power', 'reach', 'refuse', 'remove', 'slow', 'stall', 'standby', 'stop', 'store'],
    ]);
    assert.deepEqual(new Set(plans.map(({ arbiters }) => arbiters)), new Set([0, 1, 2]));
    assert.deepEqual(new Set(plans.map(({ nodes }) => nodes)), new Set([2, 3, 4, 5, 6, 7, 8, 9]));
    assert.deepEqual(new Set(plans.map(({ store }) => store)), new Set([undefined, 'etcd', 'disk']));
    for (const has of [
      plans.some(({ far }) => far),
      plans.some(({ wire }) => wire),
      plans.some(({ links }) => links === 3),
      plans.some(({ shortensAt }) => shortensAt !== undefined),
      plans.some(({ slowCommands }) => slowCommands > 0),
      plans.some(({ store, nodes }) => store !== undefined && nodes > 4),
      plans.some(({ drift, driftBound }) => drift > driftBound),
    ])
      assert.ok(has);
  });

  it('allows no overlap where clocks keep to the bound', () => {
    for (const bound of [0, 0.001, 0.01, 0.05]) assert.ok(overlapBound(200, bound, bound) <= 0.5 + 200 * bound);
    assert.ok(overlapBound(200, 0.001, 0.05) > overlapBound(200, 0.001, 0.02));
  });

  const few = [
    'minority-suffices',
    'promise-while-lease-lives',
    'released-to-anybody',
    'store-refusal-ignored',
    'handed-over-while-running',
  ];
  const planted = seeds >= 1000 ? defects.map(({ name }) => name) : few;

  it(`finds ${planted.length} of ${defects.length} planted defects`, async () => {
    const due: Job[] = planted.map((name) => ({ kind: 'defect', name, seeds: 100_000 }));
    const missed: string[] = [];
    await inParallel(
      jobs,
      () => due.shift(),
      (done) => {
        if (done.kind === 'defect' && done.found === undefined) missed.push(done.name);
      },
    );
    assert.deepEqual(missed, []);
  });
});
