import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Problem } from '../../../src/base/problem.ts';

/**
 * A test for each file with this extension in the directory: what `read` makes of it, or the mistakes that it throws, is what
 * the `.json` beside it says. Where a change is meant: UPDATE=1 npx mocha TEST, and read the difference.
 */
export function filesAsPeopleHaveThem(directory: string, extension: string, read: (text: string) => unknown): void {
  function said(text: string): unknown {
    try {
      return JSON.parse(JSON.stringify(read(text)));
    } catch (error) {
      assert.ok(error instanceof Problem, String(error));
      return { mistakes: error.message.split('\n') };
    }
  }
  const files = readdirSync(directory).filter((name) => name.endsWith(extension));
  for (const name of files) {
    it(name.replace(extension, '').replaceAll('-', ' '), () => {
      const seen = said(readFileSync(`${directory}/${name}`, 'utf8'));
      const expected = `${directory}/${name.replace(extension, '.json')}`;
      if (process.env.UPDATE === '1') writeFileSync(expected, `${JSON.stringify(seen, null, 2)}\n`);
      else assert.ok(existsSync(expected));
      assert.deepEqual(seen, JSON.parse(readFileSync(expected, 'utf8')));
    });
  }
  it('is there', () => assert.ok(files.length >= 4));
}
