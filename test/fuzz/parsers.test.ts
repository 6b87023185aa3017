import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { targets } from './targets.ts';

/** For all parsers together; the quick gate leaves this out. `npm run fuzz -- --only ha.cf --seconds 600` is one for long. */
const seconds = Number(process.env.FUZZ_SECONDS ?? 5);
const program = fileURLToPath(new URL('run.ts', import.meta.url));

describe('parsers on broken files', () => {
  it('refuse them with a place, or read them, and always end', async function () {
    // Each parser has a process of its own, whose start takes its time beside other tests.
    this.timeout((seconds + 60 * targets.length) * 1000);
    const fuzz = spawn(process.execPath, ['--import', 'tsx', program, '--seconds', String(seconds)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => fuzz.on('close', resolve));
    const [said, complaints, code] = await Promise.all([text(fuzz.stdout), text(fuzz.stderr), ended]);
    assert.equal(code, 0, `${said}${complaints}`);
    const lines = said.trim().split('\n');
    assert.equal(lines.length, targets.length, said);
    for (const line of lines) assert.match(line, /^\S.* ok, [1-9]\d* inputs$/);
  });
});
