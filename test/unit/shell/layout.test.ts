import assert from 'node:assert/strict';
import fc from 'fast-check';
import { layout, smallestBody, tileAt, zoomed } from '../../../src/shell/layout.ts';
import { draws } from '../../draws.ts';

const usual = { smallest: smallestBody, page: 0 };

describe('the layout of panes', () => {
  it('gives one pane everything, and a few panes bodies like 80x24', () => {
    const one = layout(1, { width: 80, height: 23 }, usual);
    assert.deepEqual(one.tiles[0]!.body, { x: 0, y: 1, width: 80, height: 22 });
    assert.deepEqual(one.terminal, { width: 80, height: 22 });
    const two = layout(2, { width: 161, height: 24 }, usual);
    assert.deepEqual(
      two.tiles.map(({ body }) => [body.x, body.width, body.height]),
      [
        [0, 80, 23],
        [81, 80, 23],
      ],
    );
    // High rather than wide.
    assert.equal(layout(2, { width: 90, height: 50 }, usual).tiles[1]!.body.x, 0);
  });

  it('stretches the last row, and keeps the order', () => {
    const { tiles, pages } = layout(5, { width: 119, height: 39 }, { ...usual, columns: 2 });
    assert.equal(pages, 1);
    assert.deepEqual(
      tiles.map(({ index, title }) => [index, title.x, title.y, title.width]),
      [
        [0, 0, 0, 59],
        [1, 60, 0, 59],
        [2, 0, 13, 59],
        [3, 60, 13, 59],
        [4, 0, 26, 119],
      ],
    );
  });

  it('pages what does not fit on 80x24, and goes no further than the last page', () => {
    const area = { width: 80, height: 23 };
    const first = layout(50, area, usual);
    assert.equal(first.tiles.length, 15);
    assert.equal(first.pages, 4);
    const last = layout(50, area, { ...usual, page: 99 });
    assert.equal(last.page, 3);
    assert.deepEqual(
      last.tiles.map(({ index }) => index),
      [45, 46, 47, 48, 49],
    );
    assert.deepEqual(last.terminal, first.terminal);
  });

  it('shows one pane at a time where the screen is too small for anything', () => {
    const { tiles, pages } = layout(3, { width: 10, height: 3 }, usual);
    assert.equal(tiles.length, 1);
    assert.equal(pages, 3);
    assert.deepEqual(zoomed(2, { width: 10, height: 3 }).index, 2);
    assert.deepEqual(layout(0, { width: 80, height: 24 }, usual).tiles, []);
  });

  it('never overlaps, leaves no room unused, and no body is smaller than the common terminal', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 20, max: 300 }),
        fc.integer({ min: 4, max: 100 }),
        fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
        fc.nat(5),
        (count, width, height, columns, page) => {
          const area = { width, height };
          const { tiles, pages, terminal } = layout(count, area, { ...usual, columns, page });
          assert.ok(tiles.length >= 1 && pages >= 1);
          const used = new Uint8Array(width * height);
          for (const { title, body } of tiles) {
            assert.ok(body.width >= terminal.width && body.height >= terminal.height);
            for (const rect of [title, body]) {
              for (let y = rect.y; y < rect.y + rect.height; y++) {
                for (let x = rect.x; x < rect.x + rect.width; x++) {
                  assert.ok(x < width && y < height, 'outside');
                  used[y * width + x]!++;
                }
              }
            }
          }
          assert.ok(
            used.every((times) => times <= 1),
            'one over another',
          );
          // What is free are lines between columns: one cell each.
          for (let at = 0; at < used.length; at++) {
            if (used[at] === 0) assert.ok(used[at - 1] === 1 && used[at + 1] === 1 && (at + 1) % width !== 0, 'unused');
          }
          const all = new Set<number>();
          for (let shown = 0; shown < pages; shown++) {
            for (const { index } of layout(count, area, { ...usual, columns, page: shown }).tiles) all.add(index);
          }
          assert.equal(all.size, count);
        },
      ),
      { numRuns: draws(200) },
    );
  });

  it('finds the tile under the mouse', () => {
    const { tiles } = layout(2, { width: 81, height: 10 }, { ...usual, columns: 2 });
    assert.deepEqual(
      [tileAt(tiles, 50, 0), tileAt(tiles, 3, 5)].map((hit) => [hit?.tile.index, hit?.onTitle]),
      [
        [1, true],
        [0, false],
      ],
    );
    assert.equal(tileAt(tiles, 40, 5), undefined);
  });
});
