import assert from 'node:assert/strict';
import { realCore } from './core.ts';
import { defects } from './defects.ts';
import { drawPlan } from './draw.ts';
import { withDefect } from './mutant.ts';
import { findViolation, simulate, transcript } from './simulate.ts';

describe('simulation', function () {
  this.timeout(60_000);

  it('breaks no invariant with the first 120 seeds', () => {
    assert.equal(findViolation(realCore, 1, 120, 30_000), undefined);
  });

  it('repeats exactly', () => {
    assert.deepEqual(transcript(drawPlan(7), realCore), transcript(drawPlan(7), realCore));
    assert.equal(simulate(7, realCore).steps, simulate(7, realCore).steps);
  });

  // Those that are found within a second; `npm run sim:mutants` plants all.
  for (const name of ['minority-suffices', 'promise-while-lease-lives', 'no-drift-margin', 'released-to-anybody']) {
    it(`finds the planted defect ${name}`, async () => {
      const defect = defects.find((candidate) => candidate.name === name)!;
      assert.notEqual(await withDefect(defect, (core) => findViolation(core, 1, 300, 20_000)), undefined);
    });
  }
});
