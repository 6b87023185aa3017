import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckedBefore } from '../../../src/inventory/checked-before.ts';

describe('an inventory that was checked before', () => {
  let cache: string;
  const before = process.env.XDG_CACHE_HOME;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'muster-checked-'));
    process.env.XDG_CACHE_HOME = cache;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    rmSync(cache, { recursive: true, force: true });
  });
  const text = 'hosts:\n  node1: { vars: { password: s3cret } }\n';
  const kept = (): string[] => readdirSync(join(cache, 'muster/checked'));

  it('is known again by this program, as it is and where it is', () => {
    assert.equal(new CheckedBefore('a.yml', text, 'one').holds(), false);
    new CheckedBefore('a.yml', text, 'one').keep();
    assert.equal(new CheckedBefore('a.yml', text, 'one').holds(), true);
    assert.equal(new CheckedBefore('./a.yml', text, 'one').holds(), true);
    assert.equal(new CheckedBefore('a.yml', `${text}#`, 'one').holds(), false);
    assert.equal(new CheckedBefore('a.yml', text, 'two').holds(), false);
    assert.equal(new CheckedBefore('b.yml', text, 'one').holds(), false);
  });

  it('leaves one small file, which says nothing of what it holds', () => {
    for (const more of ['', '#', '# and more']) new CheckedBefore('a.yml', text + more, 'one').keep();
    assert.equal(kept().length, 1);
    assert.match(readFileSync(join(cache, 'muster/checked', kept()[0]!), 'utf8'), /^one [0-9a-f]{16}$/);
  });

  it('is checked again where somebody else could have said so', () => {
    new CheckedBefore('a.yml', text, 'one').keep();
    chmodSync(join(cache, 'muster/checked', kept()[0]!), 0o666);
    assert.equal(new CheckedBefore('a.yml', text, 'one').holds(), false);
  });

  it('is checked every time where the source runs, and where nothing can be kept', () => {
    new CheckedBefore('a.yml', text).keep();
    assert.equal(new CheckedBefore('a.yml', text).holds(), false);
    process.env.XDG_CACHE_HOME = '/dev/null';
    new CheckedBefore('a.yml', text, 'one').keep();
    assert.equal(new CheckedBefore('a.yml', text, 'one').holds(), false);
  });
});
