import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { defects } from '../../simulation/defects.ts';

describe('planted defects', () => {
  it('are enough, each with a name of its own', () => {
    assert.ok(defects.length >= 24);
    assert.equal(new Set(defects.map(({ name }) => name)).size, defects.length);
  });

  it('break a text that stands in the source exactly once', () => {
    const lost = defects.filter(({ file, find }) => {
      const path = file.includes('/') ? `src/${file}` : `src/core/${file}`;
      return readFileSync(path, 'utf8').split(find).length !== 2;
    });
    assert.deepEqual(
      lost.map(({ name }) => name),
      [],
    );
  });
});
