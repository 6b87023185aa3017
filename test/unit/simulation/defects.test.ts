import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { editsOf, pathOf } from '../../simulation/defect.ts';
import { defects } from '../../simulation/defects.ts';

describe('planted defects', () => {
  it('are enough, each with a name of its own', () => {
    assert.ok(defects.length >= 50);
    assert.equal(new Set(defects.map(({ name }) => name)).size, defects.length);
  });

  it('break a text that stands in the source exactly once', () => {
    const lost = defects.filter((defect) =>
      editsOf(defect).some((edit) => readFileSync(`src/${pathOf(edit)}`, 'utf8').split(edit.find).length !== 2),
    );
    assert.deepEqual(
      lost.map(({ name }) => name),
      [],
    );
  });
});
