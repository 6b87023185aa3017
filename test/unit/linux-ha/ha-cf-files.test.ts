import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Problem } from '../../../src/base/problem.ts';
import { parseHaCf } from '../../../src/linux-ha/ha-cf.ts';
import { describeDirectives, haCfDirectives } from '../../../src/linux-ha/ha-cf-directives.ts';

const directory = 'test/data/ha-cf';

/** What a file says, or what is wrong with it. */
function read(text: string): unknown {
  try {
    const { timingAt: _, nodesAt: __, ...said } = parseHaCf(text, 'ha.cf');
    return JSON.parse(JSON.stringify(said));
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return { mistakes: error.message.split('\n') };
  }
}

/** Where a change is meant: UPDATE=1 npx mocha test/unit/linux-ha/ha-cf-files.test.ts, and read the difference. */
describe('ha.cf as people have it', () => {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cf'));
  it('is there', () => assert.ok(files.length >= 7));
  for (const name of files) {
    it(name.replace('.cf', '').replaceAll('-', ' '), () => {
      const said = read(readFileSync(`${directory}/${name}`, 'utf8'));
      const expected = `${directory}/${name.replace('.cf', '.json')}`;
      if (process.env.UPDATE === '1') writeFileSync(expected, `${JSON.stringify(said, null, 2)}\n`);
      else assert.ok(existsSync(expected));
      assert.deepEqual(said, JSON.parse(readFileSync(expected, 'utf8')));
    });
  }
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
