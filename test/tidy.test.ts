/** The law of the repository, as a test: what ARCHITECTURE.md and CONTRIBUTING.md promise about the source holds. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { importTable } from './tidy/import-table.ts';
import { importCycles, importsOf, sourceFiles } from './tidy/imports.ts';

const architecture = readFileSync('ARCHITECTURE.md', 'utf8');
const files = sourceFiles('src');

describe('tidy', () => {
  it('imports only what the table in ARCHITECTURE.md allows', () => {
    const table = importTable(architecture);
    const broken: string[] = [];
    for (const file of files) {
      const from = file.split('/')[1]!;
      const allowed = table.get(from);
      assert.ok(allowed !== undefined, `${file}: the import table has no row for ${from}`);
      for (const target of importsOf(file).filter((path) => path.startsWith('src/'))) {
        const to = target.split('/')[1]!;
        if (to !== from && !allowed.has(to)) broken.push(`${file} imports ${target}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it('has no import cycle', () => {
    assert.deepEqual(importCycles(files), []);
  });

  it('keeps the core free of Node, of packages and of promises', () => {
    const core = files.filter((file) => file.startsWith('src/core/'));
    assert.ok(core.length > 5);
    const outside = core.flatMap((file) =>
      importsOf(file)
        .filter((path) => !/^src\/(core|model|base)\//.test(path))
        .map((path) => `${file} imports ${path}`),
    );
    assert.deepEqual(outside, []);
    const doing = core.filter((file) =>
      /\b(async|await|Promise|setTimeout|setInterval|Date\.now|Math\.random|performance\.now)\b/.test(code(file)),
    );
    assert.deepEqual(doing, []);
  });

  it('keeps files small and without barrels', () => {
    const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 400);
    assert.deepEqual(long, []);
    assert.deepEqual(
      files.filter((file) => file.endsWith('/index.ts')),
      [],
    );
    const reexporting = files.filter((file) => /^export (\*|\{[^}]*\}) from /m.test(readFileSync(file, 'utf8')));
    assert.deepEqual(reexporting, []);
  });

  it('leaves nothing unfinished, and no test alone or skipped', () => {
    const word = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
    assert.deepEqual(
      [...files, ...sourceFiles('test')].filter((file) => word.test(readFileSync(file, 'utf8'))),
      [],
    );
    const skipping = /\b(describe|it|context)\.(only|skip)\(|this\.skip\(\)/;
    assert.deepEqual(
      sourceFiles('test').filter((file) => file !== 'test/tidy.test.ts' && skipping.test(readFileSync(file, 'utf8'))),
      [],
    );
  });

  it('locks dependencies without a download address', () => {
    assert.equal(/"resolved": "https?:/.test(readFileSync('package-lock.json', 'utf8')), false);
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d/.test(version));
    assert.deepEqual(loose, []);
  });

  it('names in ARCHITECTURE.md only files that exist, and every folder of src', () => {
    const named = [
      ...architecture.matchAll(/`((?:src|test|tools|playbooks|templates|inventory)\/[\w./-]+\.\w+)`/g),
    ].map((match) => match[1]!);
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.filter((path) => !existsSync(path)),
      [],
    );
    for (const folder of new Set(files.map((file) => file.split('/')[1]!))) {
      assert.ok(architecture.includes(`\`src/${folder}/\``), `the code map does not have src/${folder}/`);
    }
  });
});

/** The text of a file without its comments. */
function code(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
