import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Input, InputReader } from '../../../src/shell/input.ts';
import { draws } from '../../draws.ts';

function read(...pieces: readonly string[]): Input[] {
  const reader = new InputReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.flush()];
}
const names = (...pieces: readonly string[]): string[] =>
  read(...pieces).map((input) => (input.kind === 'key' ? input.name : input.kind));

describe('what a terminal sends', () => {
  it('is keys with names', () => {
    assert.deepEqual(names('aÄ日\r\t \x7f\x01\x1d\x03\x00'), [
      ...['a', 'Ä', '日', 'Enter', 'Tab', 'Space', 'Backspace', 'C-a', 'C-]', 'C-c', 'C-Space'],
    ]);
    assert.deepEqual(names('\x1b[A\x1bOB\x1b[1;5C\x1b[1;2D\x1b[H\x1b[4~\x1b[3~\x1b[5~\x1b[6;3~'), [
      ...['Up', 'Down', 'C-Right', 'S-Left', 'Home', 'End', 'Delete', 'PageUp', 'M-PageDown'],
    ]);
    assert.deepEqual(names('\x1bOP\x1b[15~\x1b[24~\x1b[24;2~\x1b[Z'), ['F1', 'F5', 'F12', 'S-F12', 'S-Tab']);
    assert.deepEqual(names('\x1ba\x1b\x1b[99~'), ['M-a', 'M-Escape', '[', '9', '9', '~']);
  });

  it('is a lone Escape only where nothing follows', () => {
    const reader = new InputReader();
    assert.deepEqual(reader.push('\x1b'), []);
    assert.ok(reader.waits);
    assert.deepEqual(
      reader.flush().map((input) => input.kind === 'key' && input.name),
      ['Escape'],
    );
    assert.ok(!reader.waits);
    assert.deepEqual(names('\x1b', '[A'), ['Up']);
    assert.deepEqual(names('\x1b[', '1;5', 'C'), ['C-Right']);
  });

  it('is a paste as a whole, whatever is in it', () => {
    assert.deepEqual(read('x\x1b[20', '0~ls\r\x1b[A\x03', 'more\x1b[2', '01~y'), [
      { kind: 'key', name: 'x', bytes: 'x' },
      { kind: 'paste', text: 'ls\r\x1b[A\x03more' },
      { kind: 'key', name: 'y', bytes: 'y' },
    ]);
    const reader = new InputReader();
    reader.push('\x1b[200~half');
    assert.deepEqual(reader.flush(), []);
    assert.deepEqual(reader.push('\x1b[201~'), [{ kind: 'paste', text: 'half' }]);
  });

  it('is the mouse', () => {
    const mice = read('\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<35;2;2M\x1b[<2;9;9M');
    assert.deepEqual(
      mice.map(
        (input) => input.kind === 'mouse' && [input.mouse.action, input.mouse.button, input.mouse.x, input.mouse.y],
      ),
      [
        ['press', 0, 4, 2],
        ['release', 0, 4, 2],
        ['wheel-up', 0, 0, 0],
        ['wheel-down', 1, 0, 0],
        ['move', 3, 1, 1],
        ['press', 2, 8, 8],
      ],
    );
  });

  it('loses no byte, wherever it is cut', () => {
    const piece = fc.constantFrom(
      'a',
      '日',
      '\x1b',
      '[',
      'A',
      '\x1b[A',
      '\x1bOP',
      '1;5C',
      ';',
      '~',
      '\r',
      '\x1b[99;9u',
      '\x1b[?1$y',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(5), { maxLength: 8 }), (pieces, cuts) => {
        const text = pieces.join('');
        const parts: string[] = [];
        let rest = text;
        for (const cut of cuts) {
          parts.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        const bytes = read(...parts, rest).map((input) => (input.kind === 'key' ? input.bytes : ''));
        assert.equal(bytes.join(''), text);
      }),
      { numRuns: draws(300) },
    );
  });
});
