import assert from 'node:assert/strict';
import {
  biggest,
  differences,
  foldPanes,
  type Image,
  imageKey,
  type PaneGroup,
  settle,
  settleMs,
} from '../../../src/shell/fold.ts';
import { attributes, gridOf, style } from '../../../src/shell/grid.ts';

function image(host: string, lines: readonly string[], cursor?: { x: number; y: number }): Image {
  return { host, grid: gridOf(lines, 30, 4), cursor };
}

function groupsOf(images: readonly Image[], focus?: string): PaneGroup[] {
  const keys = new Map(images.map((one) => [one.host, imageKey(one)]));
  return foldPanes([...keys.keys()], focus, (host) => keys.get(host)!);
}
const folded = (images: readonly Image[], focus?: string): string[][] =>
  groupsOf(images, focus).map(({ hosts, shown }) => [shown, ...hosts]);

describe('panes that fold', () => {
  it('are one where they show the same but for their own names', () => {
    const prompt = (host: string): Image => image(host, [`root@${host}:~# uptime`, 'up 3 days', `root@${host}:~#`]);
    assert.deepEqual(folded([prompt('node1'), prompt('node2'), prompt('node10')]), [
      ['node1', 'node1', 'node2', 'node10'],
    ]);
    assert.deepEqual(folded([prompt('db1.example.org'), prompt('db1')]), [
      ['db1.example.org', 'db1.example.org'],
      ['db1', 'db1'],
    ]);
    assert.deepEqual(folded([image('db1.example.org', ['root@db1 #']), image('db2.example.org', ['root@db2 #'])]), [
      ['db1.example.org', 'db1.example.org', 'db2.example.org'],
    ]);
  });

  it("are not where a name is another one's, or part of a word", () => {
    assert.equal(folded([image('node1', ['node2']), image('node2', ['node2'])]).length, 2);
    assert.equal(folded([image('node1', ['node12']), image('node2', ['node22'])]).length, 2);
  });

  it('differ by text, colour, size and cursor, and not by the colour of nothing', () => {
    const same = image('a', ['text']);
    const red = image('b', ['text']);
    red.grid.put(0, 0, 'text', style({ fg: 1 }));
    assert.notEqual(imageKey(same), imageKey(red));
    const blank = image('c', ['text']);
    blank.grid.put(10, 0, '   ', style({ fg: 1 }));
    assert.equal(imageKey(same), imageKey(blank));
    blank.grid.put(10, 0, ' ', style({ attrs: attributes.underline }));
    assert.notEqual(imageKey(same), imageKey(blank));
    assert.notEqual(imageKey(same), imageKey({ host: 'd', grid: gridOf(['text'], 31, 4), cursor: undefined }));
    assert.notEqual(imageKey(image('a', ['$'], { x: 2, y: 0 })), imageKey(image('b', ['$'], { x: 3, y: 0 })));
    // Behind a longer name the cursor stands further to the right, and means the same place.
    assert.equal(imageKey(image('n1', ['n1$'], { x: 4, y: 0 })), imageKey(image('n10', ['n10$'], { x: 5, y: 0 })));
  });

  it('keep the order of their first hosts, and the focused one is shown', () => {
    const images = [image('a', ['x']), image('b', ['y']), image('c', ['x']), image('d', ['y'])];
    assert.deepEqual(folded(images, 'c'), [
      ['c', 'a', 'c'],
      ['b', 'b', 'd'],
    ]);
    assert.equal(biggest(groupsOf([...images, image('e', ['y'])]))?.shown, 'b');
    assert.equal(biggest([]), undefined);
  });

  it('open and close only when they stay so for a while', () => {
    const one = groupsOf([image('a', ['x']), image('b', ['x'])]);
    const two = groupsOf([image('a', ['x']), image('b', ['y'])]);
    let shown = settle(undefined, one, 0);
    shown = settle(shown, two, 10);
    assert.equal(shown.groups.length, 1);
    shown = settle(shown, two, 10 + settleMs - 1);
    assert.equal(shown.groups.length, 1);
    // It was the same again in between: the time begins anew.
    shown = settle(settle(shown, one, 100), two, 10 + settleMs);
    assert.equal(shown.groups.length, 1);
    shown = settle(shown, two, 10 + 2 * settleMs);
    assert.equal(shown.groups.length, 2);
    shown = settle(shown, groupsOf([image('a', ['x'])]), 1000);
    assert.deepEqual(
      shown.groups.map(({ hosts }) => hosts),
      [['a']],
    );
  });
});

describe('what differs between two panes', () => {
  const places = (base: Image, other: Image): string[] => differences(base, other).map(({ x, y }) => `${x},${y}`);

  it('are the cells that are not as in the other, wherever the own name moved them', () => {
    assert.deepEqual(places(image('a', ['load 1.2 ok']), image('b', ['load 9.2 ok'])), ['5,0']);
    assert.deepEqual(places(image('n1', ['n1 is up']), image('n10', ['n10 is up'])), []);
    assert.deepEqual(places(image('n1', ['n1 is up']), image('n10', ['n10 is UP'])), ['7,0', '8,0']);
  });

  it('is one longer word and not the rest of its row', () => {
    assert.deepEqual(places(image('a', ['size 5 MB']), image('b', ['size 512 MB'])), ['6,0', '7,0']);
    assert.deepEqual(places(image('a', ['size 512 MB']), image('b', ['size 5 MB'])), ['6,0']);
  });

  it('is a row that the other one has not', () => {
    assert.deepEqual(places(image('a', ['x']), image('b', ['x', 'yz'])), ['0,1', '1,1']);
    assert.deepEqual(places(image('a', ['x', 'yz']), image('b', ['x'])), ['0,1']);
  });
});
