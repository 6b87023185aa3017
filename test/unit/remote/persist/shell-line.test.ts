import assert from 'node:assert/strict';
import { lineFor } from '../../../../src/remote/persist/shell-line.ts';

describe('remote/persist: the line for a shell that waits', () => {
  it('lets a program take the place of bash, as bash -c does', () => {
    for (const [command, program] of [
      ['uptime', 'uptime'],
      [' /usr/bin/env  A=1 x ', '/usr/bin/env'],
      ['ls $HOME *.c ~', 'ls'],
      ["sh -c 'exit; 3' it", 'sh'],
    ] as const) {
      assert.equal(
        lineFor(command, true),
        `if declare -F ${program} >/dev/null || ! type -P ${program} >/dev/null; then ${command}; else exec ${command}; fi`,
      );
      assert.equal(lineFor(command, false), command);
    }
  });

  it('leaves everything else as it is', () => {
    const commands = [
      'true',
      'cd /',
      'echo a b',
      'A=1 env',
      'a; b',
      'a | b',
      'a & b',
      'a >b',
      'a `b`',
      'a $(b)',
      'a "b"',
      "a $'b\\'c' d",
      "a 'b",
      'a # b',
      'a {b,c}',
      'a \\; b',
      '! a',
      'if a',
      '-a b',
      'a[1] b',
      '',
      '\ta',
    ];
    for (const command of commands) assert.equal(lineFor(command, true), command);
  });

  it('is none for what is no line, and for what is long', () => {
    for (const command of ['a\nb', 'a\rb', 'a\0b', 'ä', '\u007f', 'x'.repeat(2049), `x ${'y'.repeat(1500)}`])
      assert.equal(lineFor(command, true), undefined);
    assert.equal(lineFor('x'.repeat(2048), false)?.length, 2048);
  });
});
