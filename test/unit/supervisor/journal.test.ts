import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Journal } from '../../../src/supervisor/journal.ts';
import { LineWriter } from '../../../src/supervisor/line-writer.ts';
import { showJournalLine } from '../../../src/wire/journal.ts';

describe('the journal', () => {
  it('writes one JSON line for each decision and keeps the latest in memory', () => {
    const lines: string[] = [];
    const journal = new Journal('node1', { write: (line) => lines.push(line), flush: async () => {} });
    journal.say('takeover', 'the lease of "node2" ran out', { group: 'web' });
    journal.warn('link', 'it is gone');
    const [first, second] = lines.map((line) => JSON.parse(line));
    assert.match(lines[0]!, /^\{.*\}\n$/);
    assert.deepEqual(
      { ...first, time: typeof first.time },
      { level: 30, time: 'number', node: 'node1', what: 'takeover', group: 'web', why: 'the lease of "node2" ran out' },
    );
    assert.equal(second.level, 40);
    assert.deepEqual(
      journal.recent(1).map(({ what }) => what),
      ['link'],
    );
  });

  it('shows a line to people with the group, node or real server that it is about', () => {
    const line = { time: 0, node: 'node1', what: 'server-dead', service: '10.0.0.1:80/tcp', server: '10.0.0.7:80' };
    assert.equal(
      showJournalLine({ ...line, why: 'timeout' }),
      '1970-01-01T00:00:00.000Z node1 server-dead 10.0.0.7:80: timeout',
    );
  });

  it('never waits for a reader that hangs: lines are lost beyond 1 MB, and what was written comes in order', async () => {
    const writer = fileURLToPath(new URL('../../../src/supervisor/line-writer.ts', import.meta.url));
    const program = `
      import { LineWriter } from ${JSON.stringify(writer)};
      const writer = new LineWriter(1);
      const start = process.hrtime.bigint();
      for (let i = 0; i < 3000; i++) writer.write(String(i).padEnd(999) + '\\n');
      process.stderr.write(JSON.stringify({ lost: writer.lost }));
      await writer.flush();
      setTimeout(() => {}, 60_000);
      process.on('SIGTERM', async () => { await writer.flush(); process.exit(0); });
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    try {
      // Nobody reads its output until it has said what it lost.
      const lost = await new Promise<number>((resolve, reject) => {
        child.stderr.once('data', (data: Buffer) => resolve(JSON.parse(data.toString()).lost));
        child.once('exit', () => reject(new Error('it ended early')));
      });
      assert.ok(lost > 1500 && lost < 3000, `${lost} lines were lost`);
      let text = '';
      for await (const chunk of child.stdout) {
        text += chunk;
        if (text.length >= (3000 - lost) * 1000) break;
      }
      const seen = text.trimEnd().split('\n').map(Number);
      assert.deepEqual(
        seen,
        Array.from({ length: 3000 - lost }, (_, index) => index),
      );
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is done at once where nothing waits', async () => {
    await new LineWriter(1).flush();
  });
});
