import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sinceBoot } from '../../../../src/supervisor/boot-file.ts';
import { FencedNote } from '../../../../src/supervisor/fencing/fenced-note.ts';

const fenced = [{ node: 'node2', incarnation: '0'.repeat(32) }];

describe('the note of who is off', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-note-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const open = (clock?: number): FencedNote =>
    new FencedNote(directory, (why) => assert.fail(why), clock ?? sinceBoot());

  it('is found by the next musterd, for half a minute from when the last one was there', () => {
    const note = open();
    assert.deepEqual(note.found, []);
    note.look();
    assert.deepEqual(readdirSync(directory), [], 'there is nothing to say');
    note.write(fenced);
    const soon = sinceBoot() + 20_000;
    assert.deepEqual(open(soon).found, fenced);
    assert.deepEqual(open(soon + 20_000).found, [], 'too much may have happened meanwhile');
    assert.deepEqual(open(0).found, [], 'of an earlier boot');
    // Who found it goes on saying so.
    const next = open();
    next.look();
    assert.deepEqual(open().found, fenced);
    next.write([]);
    assert.deepEqual(open().found, []);
  });

  it('says nothing where it is damaged', () => {
    for (const text of ['', '{', 'null', '{"at":0}', '{"at":0,"fenced":[7]}', '{"at":0,"fenced":[{"node":1}]}']) {
      writeFileSync(join(directory, 'fenced.json'), text);
      assert.deepEqual(open(1).found, []);
    }
  });

  it('that cannot be kept is worth a warning', () => {
    const warned: string[] = [];
    writeFileSync(join(directory, 'file'), '');
    new FencedNote(join(directory, 'file'), (why) => warned.push(why)).write(fenced);
    assert.equal(warned.length, 1);
  });
});
