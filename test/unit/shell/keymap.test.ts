import assert from 'node:assert/strict';
import { actions, helpLines, keyFor, keymapFrom, usualKeymap } from '../../../src/shell/keymap.ts';

describe('the keys', () => {
  it('do everything that there is to do', () => {
    const bound = new Set([...Object.values(usualKeymap.behindPrefix), ...Object.values(usualKeymap.direct)]);
    assert.deepEqual(
      Object.keys(actions).filter((action) => !bound.has(action as keyof typeof actions)),
      [],
    );
  });

  it('are all listed, each action once', () => {
    const lines = helpLines(usualKeymap);
    assert.equal(lines.length, Object.keys(actions).length);
    assert.match(lines.join('\n'), /^F12, C-\] 0 +panic: keys go to nobody$/m);
    assert.match(lines.join('\n'), /^C-\] t +toggle all/m);
    assert.ok(
      lines.every((line) => line.length <= 79),
      'it fits on 80 columns',
    );
    assert.equal(keyFor(usualKeymap, 'zoom'), 'C-] z');
    assert.equal(keyFor(usualKeymap, 'aim-nobody'), 'F12');
  });

  it('can be changed', () => {
    const own = { prefix: 'C-a', keys: { F5: 'aim-all', 'prefix z': 'none', 'prefix Enter': 'zoom' } };
    const { keymap, mistakes } = keymapFrom(own);
    assert.deepEqual(mistakes, []);
    assert.equal(keymap.prefix, 'C-a');
    assert.equal(keymap.direct.F5, 'aim-all');
    assert.equal(keymap.direct.F12, 'aim-nobody');
    assert.equal(keymap.behindPrefix.z, undefined);
    assert.equal(keymap.behindPrefix.Enter, 'zoom');
    assert.equal(keymap.behindPrefix['C-a'], 'send-prefix');
    assert.equal(keymap.behindPrefix['C-]'], undefined);
  });

  it('are refused where they cannot be meant, and the usual ones stay', () => {
    const wrong = (data: unknown): string[] => {
      const { keymap, mistakes } = keymapFrom(data);
      assert.equal(keymap, usualKeymap);
      return mistakes.map(({ path, message, hint }) => `${path.join('.')}: ${message}${hint ? ` (${hint})` : ''}`);
    };
    assert.deepEqual(wrong({ keys: { F5: 'aim-al' } }), [
      'keys.F5: "aim-al" is nothing that a key can do (did you mean "aim-all"?)',
    ]);
    assert.match(wrong({ keys: { Foo: 'zoom' } })[0]!, /"Foo" is no key/);
    assert.match(wrong({ prefix: 7 })[0]!, /^prefix: it must be a key/);
    assert.match(wrong({ key: {} })[0]!, /"key" is not known/);
    assert.match(wrong([])[0]!, /a map/);
    assert.match(wrong({ keys: [] })[0]!, /a map of keys/);
    assert.match(wrong({ keys: { 'prefix q': 'none' } })[0]!, /must be left that closes everything/);
    assert.match(wrong({ keys: { F1: 'constructor' } })[0]!, /nothing that a key can do/);
  });
});
