import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { realCore } from './core.ts';
import { readRegression } from './regression.ts';
import { simulatePlan } from './simulate.ts';

const regressions = new URL('regressions/', import.meta.url);

describe('simulation: runs that were kept', function () {
  // Nothing here waits: a busy machine only takes longer.
  this.timeout(10 * 60_000);

  for (const file of readdirSync(regressions)) {
    it(`breaks nothing any more in ${file.replace('.txt', '').replaceAll('-', ' ')}`, () => {
      const plan = readRegression(readFileSync(new URL(file, regressions), 'utf8'));
      assert.equal(simulatePlan(plan, realCore).violation, undefined);
    });
  }
});
