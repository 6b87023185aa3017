import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '../../../../src/base/problem.ts';
import { receive } from '../../../../src/cli/fan-out/receive.ts';
import type { Connection, ExecOptions, RunResult } from '../../../../src/remote/types.ts';

/** A host whose sh is the one here. */
function hereAs(name: string): Connection {
  const exec = (program: string, { onStdout, onStderr }: ExecOptions = {}): Promise<RunResult> => {
    const child = spawn('/bin/sh', ['-c', program], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => void onStdout?.(chunk));
    child.stderr.on('data', (chunk) => void onStderr?.(chunk));
    const nothing = { signal: null, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), seconds: 0 };
    return new Promise((resolve) => child.once('close', (rc) => resolve({ ...nothing, rc })));
  };
  return { target: { name }, exec } as unknown as Connection;
}

describe('what is fetched of a host', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-receive-'));
    mkdirSync(join(folder, 'there', 'sub dir'), { recursive: true });
    writeFileSync(join(folder, 'there', 'sub dir', 'file'), 'content\n', { mode: 0o640 });
    utimesSync(join(folder, 'there', 'sub dir', 'file'), 1e9, 1e9);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const get = (into: string, path = join(folder, 'there'), received = (_bytes: number): void => {}) => {
    const request = { paths: [path], folder: into, sudo: false, signal: new AbortController().signal, received };
    return receive(hereAs('web/1'), request);
  };

  it('lies below its name, with mode and time, in a folder that need not be there', async () => {
    const into = join(folder, 'deep', 'found');
    for (let turn = 0; turn < 2; turn++) assert.equal(await get(into), '');
    assert.deepEqual(readdirSync(into), ['web%2F1']);
    const file = join(into, 'web%2F1', 'there', 'sub dir', 'file');
    assert.equal(readFileSync(file, 'utf8'), 'content\n');
    const { mode, mtimeMs } = statSync(file);
    assert.deepEqual([mode & 0o7777, mtimeMs], [0o640, 1e12]);
  });

  it('is nothing where it is not all there, or has no place here', async () => {
    const failed = (pattern: RegExp) => (error: Problem) =>
      error.reason === 'hostFailed' && pattern.test(error.message);
    const into = join(folder, 'found');
    await assert.rejects(get(into, join(folder, 'nothing')), failed(/host "web\/1" .*No such file/));
    assert.deepEqual(readdirSync(into), []);
    await assert.rejects(get('/proc/none/below'), failed(/ENOENT/));
    await assert.rejects(get(join(folder, 'there', 'sub dir', 'file')), failed(/EEXIST/));
  });
});
