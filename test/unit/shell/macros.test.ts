import assert from 'node:assert/strict';
import { fillMacros, MacroError } from '../../../src/shell/macros.ts';

const host = {
  name: 'node1',
  user: 'op',
  number: 3,
  variables: { rack: 7, disk: { size: '5G' }, list: [1], bad: 'a\rb' },
};

describe('macros', () => {
  it('are filled in for each host', () => {
    assert.equal(fillMacros('%u@%h #%n rack=%{rack} %{ disk.size } 100%% 5%x', host), 'op@node1 #3 rack=7 5G 100% 5%x');
  });

  it('are refused where a host has no such value, or one that would be more than text', () => {
    const refused = (text: string): string => {
      try {
        fillMacros(text, host);
      } catch (error) {
        assert.ok(error instanceof MacroError);
        return `${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
      }
      throw new assert.AssertionError({ message: `${text} was filled in` });
    };
    assert.equal(refused('%{rak}'), 'node1 has no variable "rak" (did you mean "rack"?)');
    assert.match(refused('%{constructor}'), /has no variable/);
    assert.match(refused('%{disk.none}'), /has no variable "disk.none"/);
    assert.match(refused('%{list}'), /no single value/);
    assert.match(refused('%{bad}'), /control characters/);
  });
});
