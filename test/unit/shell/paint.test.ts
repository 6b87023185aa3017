import assert from 'node:assert/strict';
import { foldPanes, type Image, imageKey } from '../../../src/shell/fold.ts';
import { attributes, gridOf } from '../../../src/shell/grid.ts';
import { usualKeymap } from '../../../src/shell/keymap.ts';
import { paint, paneSize, terminalSize, unfolded, type View } from '../../../src/shell/paint.ts';
import { Play, prefix } from './play.ts';

function show(play: Play, texts: Readonly<Record<string, readonly string[]>>): View {
  const { width, height } = terminalSize(play.state);
  const images = new Map<string, Image>(
    Object.entries(texts).map(([host, lines]) => [
      host,
      { host, grid: gridOf(lines, width, height), cursor: { x: 3, y: 0 } },
    ]),
  );
  const hosts = Object.keys(texts);
  const groups = play.state.view.folded
    ? foldPanes(hosts, play.state.focus, (host) => imageKey(images.get(host)!))
    : unfolded(hosts);
  return paint(play.state, groups, images, usualKeymap);
}
const rows = ({ grid }: View): string[] => Array.from({ length: grid.height }, (_, y) => grid.row(y));

describe('the screen of many panes', () => {
  it('shows equal panes once with their number, and whoever differs beside it with what differs', () => {
    const play = new Play(['node1', 'node2', 'node3']);
    const view = show(play, { node1: ['$ ok'], node2: ['$ no'], node3: ['$ ok'] });
    const lines = rows(view);
    assert.equal(lines[0], ' > 2 node[1,3]');
    assert.equal(lines[1], '$ ok');
    const second = lines.findIndex((line) => line.startsWith(' > node2'));
    assert.equal(lines[second + 1], '$ no');
    const marked = (x: number, y: number): boolean =>
      (view.grid.attrs[y * view.grid.width + x]! & attributes.inverse) !== 0;
    assert.ok(marked(2, second + 1) && marked(3, second + 1) && !marked(0, second + 1) && !marked(2, 1));
    assert.equal(lines.at(-1), 'keys to all, 3 of 3 | C-] ? keys');
    assert.deepEqual(view.cursor, { x: 3, y: 1 });
    assert.deepEqual(
      view.tiles.map(({ group }) => group.hosts.length),
      [2, 1],
    );
  });

  it('keeps the size of the terminals, however many are folded', () => {
    const play = new Play(Array.from({ length: 30 }, (_, index) => `node${index + 1}`));
    const folded = terminalSize(play.state);
    assert.ok(folded.width >= 20 && folded.height >= 4);
    play.keys(`${prefix}f`);
    assert.ok(terminalSize(play.state).height < folded.height);
  });

  it('puts a line between panes side by side', () => {
    const play = new Play(['a', 'b']);
    play.keys(`${prefix}f${prefix}+${prefix}-${prefix}+`);
    const lines = rows(show(play, { a: ['left'], b: ['right'] }));
    assert.match(lines[0]!, /^ > a +│ > b$/);
    assert.match(lines[1]!, /^left +│right$/);
  });

  it('zooms the pane in focus', () => {
    const play = new Play(['a', 'b']);
    play.keys(`${prefix}\t${prefix}z`);
    const view = show(play, { a: ['left'], b: ['right'] });
    assert.equal(view.tiles.length, 1);
    assert.equal(rows(view)[1], 'right');
    assert.match(rows(view).at(-1)!, /zoomed/);
    assert.deepEqual(paneSize(play.state, 'b'), { width: 80, height: 22 });
    assert.deepEqual(paneSize(play.state, 'a'), terminalSize(play.state));
  });

  it('lists the keys over everything, and goes on behind the bottom', () => {
    const play = new Play(['a']);
    play.keys(`${prefix}?`);
    const first = rows(show(play, { a: ['text'] }));
    assert.match(first[0]!, /^Keys \(Up, Down/);
    assert.match(first[1]!, /keys go to all panes$/);
    assert.ok(!first.includes('text'));
    play.keys('\x1b[6~');
    const next = rows(show(play, { a: ['text'] }));
    assert.match(next.at(-2)!, /close everything$/);
    play.keys('q');
    assert.ok(rows(show(play, { a: ['text'] })).includes('text'));
  });

  it('asks in the status line with the cursor behind what is typed', () => {
    const play = new Play(['a']);
    play.keys(`${prefix}:send ${'x'.repeat(100)}`);
    const view = show(play, { a: ['text'] });
    const line = rows(view).at(-1)!;
    assert.ok(line.startsWith('…') && line.endsWith('xxx'));
    assert.equal(view.cursor?.y, 23);
    assert.ok(view.cursor!.x < 80);
  });

  it('fits on a screen that is too small for anything', () => {
    const play = new Play(['a', 'b']);
    play.event({ kind: 'resize', size: { width: 5, height: 2 } });
    const view = show(play, { a: ['text'], b: ['text'] });
    assert.equal(view.grid.width, 5);
    assert.match(rows(view).at(-1)!, /^keys…?$/);
  });
});
