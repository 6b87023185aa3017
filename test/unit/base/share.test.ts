import assert from 'node:assert/strict';
import { parseShare, shareOf } from '../../../src/base/share.ts';

describe('shares', () => {
  it('are numbers or percents of all', () => {
    assert.deepEqual(parseShare('5'), { count: 5 });
    assert.deepEqual(parseShare('20%'), { percent: 20 });
    for (const text of ['', '-1', '1.5', '101%', '%', 'x']) assert.equal(parseShare(text), undefined, text);
    assert.equal(shareOf({ percent: 20 }, 9), 1);
    assert.equal(shareOf({ count: 5 }, 9), 5);
  });
});
