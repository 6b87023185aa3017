import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Problem } from '../../../src/base/problem.ts';
import { parseAuthkeys } from '../../../src/linux-ha/authkeys.ts';
import { parseHaCf } from '../../../src/linux-ha/ha-cf.ts';
import { describeDirectives, haCfDirectives } from '../../../src/linux-ha/ha-cf-directives.ts';
import { parseQuorumdConf } from '../../../src/linux-ha/quorumd-conf.ts';
import { filesAsPeopleHaveThem } from './as-people-have-them.ts';

describe('ha.cf as people have it', () => {
  filesAsPeopleHaveThem('test/data/ha-cf', '.cf', (text) => {
    const { timingAt: _, nodesAt: __, ...said } = parseHaCf(text, 'ha.cf');
    return said;
  });
});

describe('authkeys as people have it', () => {
  filesAsPeopleHaveThem('test/data/authkeys', '.keys', (text) => parseAuthkeys(text, 'authkeys'));
});

describe('quorumd.conf as people have it', () => {
  filesAsPeopleHaveThem('test/data/quorumd', '.conf', (text) => parseQuorumdConf(text, 'quorumd.conf'));
});

describe('the directives of ha.cf', () => {
  const listed = readFileSync('test/data/ha-cf-directives.txt', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ')[1]!);

  it('of the manual and of the binary are all known', () => {
    assert.ok(listed.length >= 54);
    assert.deepEqual(
      listed.filter((name) => !Object.hasOwn(haCfDirectives, name)),
      [],
    );
  });

  for (const [name, { effect, here }] of Object.entries(haCfDirectives)) {
    it(`${name}: ${effect === 'none' ? 'is said to have no meaning' : 'is not called meaningless'}`, () => {
      let notes: readonly string[] = [];
      try {
        notes = parseHaCf(`node a\n${name} 1`).notes;
      } catch (error) {
        // It is read, and "1" is not what it takes.
        assert.ok(error instanceof Problem && !error.message.includes('not known'), String(error));
      }
      const wanted = `ha.cf:2 "${name}" has no meaning here: ${here}`;
      assert.deepEqual(notes, effect === 'none' ? [wanted] : []);
    });
  }

  it('are described for people, each in a line', () => {
    const lines = describeDirectives();
    assert.equal(lines.length, Object.keys(haCfDirectives).length);
    assert.ok(lines.some((line) => /^hopfudge +no meaning +only messages over serial links/.test(line)));
    assert.ok(lines.some((line) => /^ping_group +works +a name, then addresses/.test(line)));
  });
});
