import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { playResources } from './resource-scenario.ts';

const directory = new URL('resource-stories/', import.meta.url);
const divider = '\n----\n';

/** Transcripts of the life of resources. Where a change is meant: UPDATE=1 npx mocha test/scenario/resources.test.ts */
describe('stories of resources', () => {
  const files = readdirSync(directory).filter((file) => file.endsWith('.txt'));
  it('are there', () => assert.ok(files.length >= 7));
  for (const file of files) {
    it(file.replace('.txt', '').replaceAll('-', ' '), () => {
      const url = new URL(file, directory);
      const [given, expected] = readFileSync(url, 'utf8').split(divider);
      const told = `${playResources(given!).join('\n')}\n`;
      if (process.env.UPDATE === '1') writeFileSync(url, `${given!.trimEnd()}${divider}${told}`);
      else assert.equal(told, expected);
    });
  }
});
