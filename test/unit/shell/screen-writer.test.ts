import assert from 'node:assert/strict';
import fc from 'fast-check';
import { depthFor, rgb, withinDepth } from '../../../src/shell/colour.ts';
import { attributes, Grid, gridOf, plain, style } from '../../../src/shell/grid.ts';
import { penChange, ScreenWriter } from '../../../src/shell/screen-writer.ts';
import { draws } from '../../draws.ts';
import { TinyTerminal } from './tiny-terminal.ts';

/** What shows of a grid: the colour of nothing does not. */
function shows(grid: Grid): string[] {
  return grid.text.map((text, at) => {
    const how = `${grid.bg[at]} ${grid.attrs[at]}`;
    return text === ' ' && grid.attrs[at] === 0 ? `blank ${how}` : `${text} ${grid.fg[at]} ${how}`;
  });
}

describe('the screen writer', () => {
  it('writes only what changed', () => {
    const writer = new ScreenWriter(256);
    const before = gridOf(['one  two', 'three', 'four'], 20, 4);
    const first = writer.update(before, { x: 0, y: 0 });
    assert.ok(
      first.startsWith('\x1b[?25l\x1b[m\x1b[H\x1b[2J') || first.startsWith('\x1b[m\x1b[H\x1b[2J'),
      JSON.stringify(first),
    );
    assert.equal(writer.update(gridOf(['one  two', 'three', 'four'], 20, 4), { x: 0, y: 0 }), '\x1b[H');
    assert.equal(writer.update(gridOf(['one  two', 'thRee', 'four'], 20, 4), { x: 3, y: 1 }), '\x1b[2;3HR');
    // What lies in between is shorter than a jump over it.
    assert.equal(writer.update(gridOf(['One  Two', 'thRee', 'four'], 20, 4), undefined), '\x1b[HOne  T\x1b[?25l');
    assert.equal(writer.update(gridOf(['One  Two', '', 'four'], 20, 4), undefined), '\x1b[2H\x1b[K');
    assert.equal(
      writer.update(gridOf(['One  Two', '', 'four', 'x            y'], 20, 4), undefined),
      '\x1b[4Hx\x1b[12Cy',
    );
  });

  it('jumps from column to column where terminals may differ in the width of a character', () => {
    const writer = new ScreenWriter(256);
    writer.update(new Grid(20, 1), undefined);
    assert.equal(writer.update(gridOf(['日本x'], 20), undefined), '\x1b[H日本x');
    assert.equal(writer.update(gridOf(['🙂 zx'], 20), undefined), '\x1b[H🙂\x1b[3G z');
  });

  it('changes the pen by the shortest way', () => {
    const bold = style({ attrs: attributes.bold });
    const both = style({ attrs: attributes.bold | attributes.dim });
    const red = style({ fg: 1 });
    assert.equal(penChange(plain, bold), '\x1b[1m');
    assert.equal(penChange(bold, plain), '\x1b[m');
    assert.equal(penChange(bold, { ...bold, fg: 12 }), '\x1b[94m');
    assert.equal(penChange(red, style({ fg: 2 })), '\x1b[32m');
    assert.equal(penChange(red, style({ bg: 200 })), '\x1b[0;48;5;200m');
    assert.equal(penChange(both, style({ attrs: attributes.dim, fg: 3 })), '\x1b[0;2;33m');
    assert.equal(penChange(plain, style({ fg: rgb(1, 2, 3) })), '\x1b[38;2;1;2;3m');
  });

  it('knows how many colours a terminal has, and takes the nearest', () => {
    assert.equal(depthFor({ TERM: 'xterm-256color', COLORTERM: 'truecolor' }), 'rgb');
    assert.equal(depthFor({ TERM: 'screen-256color' }), 256);
    assert.equal(depthFor({ TERM: 'linux' }), 16);
    assert.equal(depthFor({ TERM: 'xterm-256color', NO_COLOR: '1' }), 0);
    assert.equal(depthFor({ TERM: 'dumb' }), 0);
    assert.equal(withinDepth(rgb(255, 0, 0), 256), 196);
    assert.equal(withinDepth(rgb(250, 5, 5), 16), 9);
    assert.equal(withinDepth(196, 16), 9);
    assert.equal(withinDepth(3, 16), 3);
    assert.equal(withinDepth(rgb(1, 2, 3), 'rgb'), rgb(1, 2, 3));
    assert.equal(withinDepth(9, 0), -1);
  });

  it('makes any terminal like any grid, after any other one, and then writes nothing more', () => {
    const [width, height] = [13, 5];
    const cell = fc.record({
      x: fc.nat(width - 1),
      y: fc.nat(height - 1),
      text: fc.constantFrom('a', 'b', ' ', ' ', '界', '🙂', 'é', '│', 'x\u0301'),
      fg: fc.constantFrom(-1, -1, 1, 9, 200, rgb(10, 20, 30)),
      bg: fc.constantFrom(-1, -1, -1, 4, 100),
      attrs: fc.constantFrom(0, 0, 0, 1, 2, 3, 8, 32, 33, 255),
    });
    const frame = fc.record({
      cells: fc.array(cell, { maxLength: 60 }),
      lines: fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '界'), maxLength: width }), { maxLength: height }),
      cursor: fc.option(fc.record({ x: fc.nat(width - 1), y: fc.nat(height - 1) }), { nil: undefined }),
      keep: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), (frames) => {
        const terminal = new TinyTerminal(width, height);
        const writer = new ScreenWriter('rgb');
        let last = new Grid(width, height);
        for (const { cells, lines, cursor, keep } of frames) {
          const grid = gridOf(lines, width, height);
          if (keep) grid.copy(last, { x: 0, y: 0, width, height }, 0, 0);
          for (const { x, y, text, fg, bg, attrs } of cells) {
            grid.set(x, y, text, text === '界' || text === '🙂' ? 2 : 1, { fg, bg, attrs });
          }
          terminal.write(writer.update(grid, cursor));
          assert.deepEqual(shows(terminal.grid), shows(grid));
          assert.equal(terminal.cursorShown, cursor !== undefined);
          if (cursor !== undefined) assert.deepEqual([terminal.x, terminal.y], [cursor.x, cursor.y]);
          assert.equal(writer.update(grid, undefined).replace('\x1b[?25l', ''), '');
          terminal.write(writer.update(grid, cursor));
          last = grid;
        }
      }),
      { numRuns: draws(300) },
    );
  });
});

describe('a grid of cells', () => {
  it('leaves no half of a wide character', () => {
    const grid = gridOf(['日本語'], 8);
    grid.put(1, 0, 'x');
    assert.deepEqual(grid.text, [' ', 'x', '本', '', '語', '', ' ', ' ']);
    grid.put(2, 0, 'y');
    assert.deepEqual(grid.text, [' ', 'x', 'y', ' ', '語', '', ' ', ' ']);
    assert.equal(grid.put(7, 0, '界'), 7);
    assert.equal(grid.row(0), ' xy 語');
  });

  it('copies a part, and cuts wide characters at its edge', () => {
    const grid = new Grid(6, 1);
    grid.copy(gridOf(['ab日cd'], 6), { x: 0, y: 0, width: 3, height: 1 }, 0, 0);
    assert.equal(grid.row(0), 'ab');
    grid.copy(gridOf(['ab日cd'], 6), { x: 0, y: 0, width: 4, height: 1 }, 1, 0);
    assert.equal(grid.row(0), 'aab日');
    grid.copy(gridOf(['ab日cd'], 6), { x: 3, y: 0, width: 3, height: 1 }, 0, 0);
    assert.equal(grid.row(0), ' cd日');
  });
});
