import assert from 'node:assert/strict';
import { clustersOf, cutText, hasSureWidth, textWidth, widthOf } from '../../../src/shell/width.ts';

describe('the width of characters', () => {
  it('is 1, 2 for wide ones and pictures, 0 for what joins the one before', () => {
    for (const one of ['a', 'é', 'ß', '│', '█', '—', 'я', 'α']) assert.equal(widthOf(one), 1, one);
    for (const two of ['日', '한', 'ｗ', '🙂', '🚀', '𠀀']) assert.equal(widthOf(two), 2, two);
    for (const none of ['\u0301', '\u200d', '\u200b', '\x1b', '\x7f']) assert.equal(widthOf(none), 0, escape(none));
  });

  it('cuts a text into cells, and to a length', () => {
    assert.deepEqual(clustersOf('e\u0301日\x07x'), [
      { text: 'e\u0301', width: 1 },
      { text: '日', width: 2 },
      { text: 'x', width: 1 },
    ]);
    assert.equal(textWidth('日本 x'), 6);
    assert.equal(cutText('日本語', 6), '日本語');
    assert.equal(cutText('日本語', 5), '日本…');
    assert.equal(cutText('日本語', 4), '日…');
    assert.equal(cutText('abc', 0), '');
  });

  it('is sure only where all terminals agree', () => {
    assert.ok(hasSureWidth('a') && hasSureWidth('日') && hasSureWidth('│'));
    assert.ok(!hasSureWidth('🙂') && !hasSureWidth('e\u0301') && !hasSureWidth('…'));
  });
});
