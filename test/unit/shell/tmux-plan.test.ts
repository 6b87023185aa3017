import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { paneProgram, plainForTmux, type TmuxPane, windowsFor } from '../../../src/shell/tmux-plan.ts';

const panes = (count: number): TmuxPane[] =>
  Array.from({ length: count }, (_, index) => ({ host: `node${index + 1}`, command: ['true'] }));

function run(command: readonly string[], input: string): { code: number | null; out: string } {
  const [program, ...words] = paneProgram({ host: 'node1', command });
  const { status, stdout } = spawnSync(program!, words, { input, encoding: 'utf8' });
  return { code: status, out: stdout };
}

describe('panes of a tmux', () => {
  it('are shared among windows that can be read', () => {
    const counts = (count: number, width: number, height: number): number[] =>
      windowsFor(panes(count), { width, height }).map((window) => window.length);
    assert.deepEqual(counts(3, 80, 23), [3]);
    assert.deepEqual(counts(30, 80, 23), [12, 12, 6]);
    assert.deepEqual(counts(30, 250, 70), [30]);
    assert.deepEqual(counts(3, 10, 4), [1, 1, 1]);
    const order = windowsFor(panes(13), { width: 80, height: 23 })
      .flat()
      .map(({ host }) => host);
    assert.deepEqual(
      order,
      panes(13).map(({ host }) => host),
    );
  });

  it('show names as they are', () => {
    assert.equal(plainForTmux('a#{x}#(id)\x1b'), 'a##{x}##(id)');
  });

  it('end with what runs in them', () => {
    assert.deepEqual(run(['sh', '-c', 'echo in; exit 3'], ''), { code: 3, out: 'in\n' });
    assert.equal(run(['echo', 'a b', "it's", '$HOME'], '').out, "a b it's $HOME\n");
  });

  it('stay when the connection is lost, until a line says what to do', () => {
    const gone = ['sh', '-c', 'echo try; exit 255'];
    const { code, out } = run(gone, 'rm -rf /\nagain\nuptime\nclose\n');
    assert.equal(code, 255);
    assert.equal(out.match(/^try$/gm)?.length, 2);
    assert.equal(out.match(/node1 is gone/g)?.length, 2);
    assert.equal(run(gone, '').out.match(/^try$/gm)?.length, 1);
  });
});
