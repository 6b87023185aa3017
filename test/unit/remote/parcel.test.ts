/** The archive against the system's own tar, and the program that hosts unpack it with, in a shell here. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../src/base/problem.ts';
import { ParcelBeginning, packProgram } from '../../../src/remote/pack-program.ts';
import { packParcel, parcelStream, sumLine } from '../../../src/remote/parcel.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../src/remote/tar-header.ts';
import { unpackProgram } from '../../../src/remote/unpack-program.ts';

describe('files for hosts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-parcel-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function deliver(sources: readonly string[], destination: string): Promise<{ status: number; err: string }> {
    const parcel = await packParcel(sources);
    const chunks: Buffer[] = [];
    for await (const chunk of parcelStream(parcel)) chunks.push(chunk);
    const program = unpackProgram({ tops: parcel.tops, destination });
    const { status, stderr } = spawnSync('/bin/sh', ['-c', program], { input: Buffer.concat(chunks), cwd: folder });
    return { status: status ?? -1, err: stderr.toString() };
  }

  it('come out of tar with their names, modes and times, however long or odd', () => {
    const long = `${'a/'.repeat(80)}${'b'.repeat(120)}`;
    const odd = " it's\n\\ü";
    const base = { kind: 'file', mode: 0o640, mtimeNs: 1_700_000_000_123_456_789n } as const;
    const member = (path: string): Buffer[] => [
      tarHeader({ ...base, path, size: 5 }),
      Buffer.from('hello'),
      tarPadding(5),
    ];
    const link = tarHeader({ ...base, kind: 'link', path: 'link', size: 0, target: `/${'t'.repeat(150)}` });
    const archive = Buffer.concat([...member(long), ...member(odd), link, tarEnd()]);
    execFileSync('tar', ['-xpf', '-'], { cwd: folder, input: archive });
    for (const path of [long, odd]) {
      assert.equal(readFileSync(join(folder, path), 'utf8'), 'hello');
      const { mode, mtimeNs } = statSync(join(folder, path), { bigint: true });
      assert.deepEqual([Number(mode) & 0o7777, mtimeNs], [0o640, base.mtimeNs]);
    }
    assert.equal(readlinkSync(join(folder, 'link')).length, 151);
  });

  it('have checksum lines as sha256sum reads them', () => {
    const names = ['plain', 'with blank', 'back\\slash', 'new\nline'];
    const sums = names.map((name) => {
      writeFileSync(join(folder, name), name);
      const digest = execFileSync('sha256sum', { input: name }).toString().slice(0, 64);
      return sumLine(digest, name);
    });
    execFileSync('sha256sum', ['-c', '--strict'], { cwd: folder, input: sums.join('') });
  });

  it('go to the path that is named, or into a folder', async () => {
    writeFileSync(join(folder, 'one'), '1');
    writeFileSync(join(folder, 'two'), '2');
    utimesSync(join(folder, 'one'), 1000, 2000);
    chmodSync(join(folder, 'one'), 0o750);
    mkdirSync(join(folder, 'there'));
    assert.equal((await deliver([join(folder, 'one')], 'new')).status, 0);
    assert.equal((await deliver([join(folder, 'one')], 'there')).status, 0);
    assert.equal((await deliver([join(folder, 'one')], "made/by the/way's/")).status, 0);
    assert.equal((await deliver([join(folder, 'one'), join(folder, 'two')], join(folder, 'both'))).status, 0);
    assert.equal((await deliver([join(folder, 'two')], 'new')).status, 0, 'a second time');
    assert.equal(readFileSync(join(folder, 'new'), 'utf8'), '2');
    for (const place of ['there/one', "made/by the/way's/one", 'both/one']) {
      const { mode, mtimeMs } = statSync(join(folder, place));
      assert.deepEqual([mode & 0o7777, mtimeMs], [0o750, 2_000_000], place);
    }
  });

  it('join folders, replace files and links, and leave what is not theirs', async () => {
    const source = join(folder, 'site');
    mkdirSync(join(source, 'sub'), { recursive: true });
    writeFileSync(join(source, '.hidden'), 'h');
    writeFileSync(join(source, 'sub/page'), 'new');
    symlinkSync('sub/page', join(source, 'link'));
    mkdirSync(join(folder, 'www/sub'), { recursive: true });
    writeFileSync(join(folder, 'www/sub/page'), 'old');
    writeFileSync(join(folder, 'www/sub/theirs'), 'kept');
    for (let time = 0; time < 2; time++) assert.deepEqual(await deliver([source], 'www/'), { status: 0, err: '' });
    assert.deepEqual(await deliver([`${source}/`], 'www'), { status: 0, err: '' });
    assert.deepEqual(readdirSync(join(folder, 'www')).sort(), ['.hidden', 'link', 'site', 'sub']);
    assert.equal(readFileSync(join(folder, 'www/sub/page'), 'utf8'), 'new');
    assert.equal(readFileSync(join(folder, 'www/sub/theirs'), 'utf8'), 'kept');
    assert.equal(readlinkSync(join(folder, 'www/link')), 'sub/page');
  });

  it('change nothing and leave nothing where they do not fit or arrive broken', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    mkdirSync(join(folder, 'folder'));
    mkdirSync(join(folder, 'into/file'), { recursive: true });
    const wrong = await deliver([join(folder, 'file')], 'into/');
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.err, /it is a folder, and a file is to be there/);
    assert.match((await deliver([join(folder, 'folder')], 'file')).err, /it is a file, and a folder is to be there/);
    assert.match((await deliver([join(folder, 'file')], 'no/such/place')).err, /No such file/);

    const parcel = await packParcel([join(folder, 'file')]);
    writeFileSync(join(folder, 'file'), 'y');
    const chunks: Buffer[] = [];
    for await (const chunk of parcelStream(parcel)) chunks.push(chunk);
    const program = unpackProgram({ tops: parcel.tops, destination: 'target' });
    const run = (input: Buffer): string =>
      spawnSync('/bin/sh', ['-c', program], { input, cwd: folder }).stderr.toString();
    assert.match(run(Buffer.concat(chunks)), /FAILED/);
    assert.notEqual(run(Buffer.concat(chunks).subarray(0, 700)), '');
    assert.equal(existsSync(join(folder, 'target')), false);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.muster')),
      [],
    );
    assert.deepEqual(readdirSync(join(folder, 'into')), ['file']);
  });

  it('begin behind what a login shell says, wherever the stream is cut', () => {
    mkdirSync(join(folder, 'from'));
    writeFileSync(join(folder, 'from/x'), 'content');
    const program = packProgram([join(folder, 'from/x')]);
    const { stdout } = spawnSync('/bin/sh', ['-c', `echo Welcome; ${program}`], { cwd: folder });
    const archive = stdout.subarray(stdout.lastIndexOf(0x1e) + 1);
    assert.match(execFileSync('tar', ['-t'], { input: archive }).toString(), /^x$/m);
    for (const size of [1, 7, 23, stdout.length]) {
      const beginning = new ParcelBeginning();
      const parts: Buffer[] = [];
      for (let at = 0; at < stdout.length; at += size)
        parts.push(beginning.take(stdout.subarray(at, at + size)) ?? Buffer.alloc(0));
      assert.ok(Buffer.concat(parts).equals(archive), String(size));
    }
  });

  it('are refused before anything is sent where one is not there or two have one name', async () => {
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'x'), '');
    writeFileSync(join(folder, 'a/x'), '');
    const refused = (seen: RegExp) => (error: Problem) => error instanceof Problem && seen.test(error.message);
    await assert.rejects(packParcel([join(folder, 'none')]), refused(/ENOENT/));
    await assert.rejects(packParcel([join(folder, 'x'), join(folder, 'a/x')]), refused(/two are called so/));
    await assert.rejects(packParcel(['/dev/null']), refused(/none of these/));
  });
});
