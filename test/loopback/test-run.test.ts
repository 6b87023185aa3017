/** How `npm test` runs mocha twice at a time: what is counted, and what an interrupted run leaves behind. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isGone } from './sshd.ts';

const lanes = new URL('../../tools/lanes.mjs', import.meta.url).href;
const program = `import { runLanes } from ${JSON.stringify(lanes)}; process.exit(await runLanes(JSON.parse(process.argv[1])));`;

describe('a run of the tests', function () {
  this.timeout(240_000);
  let folder: string;
  const started: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-test-run-'));
    mkdirSync(join(folder, 'tmp'));
  });
  afterEach(async () => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function file(name: string, text: string): string {
    const path = join(folder, `${name}.test.mjs`);
    writeFileSync(path, `import { appendFileSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';\n${text}`);
    return path;
  }
  /** `said` grows while it runs; resolves with the exit code. */
  function run(front: readonly string[], beside: readonly string[]) {
    const lane = (title: string, files: readonly string[]) => ({ title, files, env: {} });
    const settings = {
      front: lane('what is in front', front),
      beside: lane('what is beside', beside),
      patienceMs: 1000,
    };
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(settings)], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, TMPDIR: join(folder, 'tmp') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    const running = { child, said: '', ended: Promise.resolve<number | null>(null) };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => {
        running.said += text.toString();
      });
    running.ended = new Promise((resolve) => child.once('close', resolve));
    return running;
  }
  const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)!;
  async function becomes(condition: () => boolean, seen: () => string): Promise<void> {
    for (let tries = 0; tries < 1100 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(condition(), seen());
  }

  it('sums up both parts in its last line, and succeeds where no test fails', async () => {
    const front = file('front', `it('one', () => {}); it('two', () => {}); it('three');`);
    const beside = file('beside', `it('four', () => {});`);
    const running = run([front], [beside]);
    assert.equal(await running.ended, 0, running.said);
    assert.equal(lastLine(running.said), '3 passed, 0 failed, 1 skipped');
    assert.match(running.said, /two.*Report of what is beside:.*four/s);
    assert.doesNotMatch(running.said, /Failed:/);
    assert.deepEqual(
      readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('muster-')),
      [],
    );
  });

  it('has more patience with what comes last at the processors', async () => {
    const waits = `await new Promise((resolve) => setTimeout(resolve, 1500));`;
    const slow = file(
      'slow',
      `describe('slow', function () { this.timeout(800);
      beforeEach(async () => { ${waits} }); it('one', async () => { ${waits} }); it('two', () => {}); });`,
    );
    const running = run([slow], [slow]);
    assert.equal(await running.ended, 1, running.said);
    assert.equal(lastLine(running.said), '2 passed, 1 failed, 0 skipped');
  });

  it('fails where a test of either part fails, and shows it last', async () => {
    const good = file('good', `it('good', () => {});`);
    const bad = file('bad', `it('bad', () => { throw new Error('as it must') });`);
    for (const parts of [[bad, good] as const, [good, bad] as const]) {
      const running = run([parts[0]], [parts[1]]);
      assert.equal(await running.ended, 1, running.said);
      assert.equal(lastLine(running.said), '1 passed, 1 failed, 0 skipped');
      assert.match(running.said, /Report of.*\nFailed: bad\n +Error: as it must\n[^✔]*$/s);
    }
  });

  it('fails where a part ends before it is through, or has no test', async () => {
    const good = file('good', `it('good', () => {});`);
    const ends = file('ends', `it('ends', () => process.exit(0));`);
    for (const parts of [[ends, good] as const, [good, join(folder, 'none.test.mjs')] as const]) {
      const running = run([parts[0]], [parts[1]]);
      assert.equal(await running.ended, 1, running.said);
      assert.equal(lastLine(running.said), '1 passed, 1 failed, 0 skipped');
    }
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends its test and cleans up after ${signal}; beside, nothing goes on`, async () => {
      const [log, pids, go] = ['log', 'pids', 'go'].map((name) => join(folder, name)) as [string, string, string];
      const note = (word: string): string => `appendFileSync(${JSON.stringify(log)}, '${word} ')`;
      const front = file(
        'front',
        `describe('a part', () => {
           after(() => ${note('cleaned')});
           it('runs', async function () { this.timeout(600000); ${note('begun')}; while (existsSync(${JSON.stringify(log)}) && !existsSync(${JSON.stringify(go)})) await new Promise((r) => setTimeout(r, 50)); ${note('ended')}; });
           it('comes after', () => ${note('went-on')});
         });`,
      );
      const beside = file(
        'beside',
        `import { fork } from 'node:child_process';
         import { tmpdir } from 'node:os';
         import { join } from 'node:path';
         it('computes', async function () {
           this.timeout(600000);
           writeFileSync(join(mkdtempSync(join(tmpdir(), 'work-')), 'file'), 'text');
           const worker = fork(${JSON.stringify(file('worker', 'setInterval(() => {}, 1000)'))});
           writeFileSync(${JSON.stringify(pids)}, process.pid + ' ' + worker.pid);
           await new Promise(() => {});
         });`,
      );
      const running = run([front], [beside]);
      const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
      await becomes(
        () => read(log) !== '' && read(pids) !== '',
        () => running.said,
      );
      running.child.kill(signal);
      await becomes(
        () => running.said.includes('Interrupted: ends "a part runs" and cleans up'),
        () => running.said,
      );
      writeFileSync(go, '');
      assert.equal(await running.ended, 130, running.said);
      assert.equal(read(log), 'begun ended cleaned ');
      assert.equal(lastLine(running.said), '1 passed, 0 failed, 0 skipped');
      for (const pid of read(pids).split(' ')) assert.ok(await isGone(Number(pid)), `${pid} goes on`);
      assert.deepEqual(
        readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('muster-')),
        [],
      );
    });
  }
});
