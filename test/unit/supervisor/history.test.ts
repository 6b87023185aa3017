import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { History, readHistory, showHistory } from '../../../src/supervisor/history.ts';
import { Journal } from '../../../src/supervisor/journal.ts';

describe('supervisor: the history on the disk', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-history-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const line = (time: number, what = 'takeover', group?: string) => ({
    time,
    node: 'node1',
    what,
    why: 'so',
    ...(group && { group }),
  });

  it('is empty where nothing was ever kept', () => assert.deepEqual(readHistory(directory), []));

  it('keeps what the journal says of moves, over restarts, and no noise', async () => {
    for (const start of [1, 2]) {
      const journal = new Journal('node1', { write: () => {}, flush: async () => {} });
      const history = new History(directory, 'node1');
      journal.listen((said) => history.keep(said));
      journal.say('start', `start ${start}`);
      journal.for({ cluster: 'c' }).warn('gate-lost', 'somebody flushed it', { group: 'web' });
      journal.say('announce', 'again', { group: 'web' });
      journal.say('server-up', '10.0.0.1:80');
      await history.flush();
    }
    assert.deepEqual(
      readHistory(directory).map(({ what, why }) => `${what} ${why}`),
      ['start start 1', 'gate-lost somebody flushed it', 'start start 2', 'gate-lost somebody flushed it'],
    );
  });

  it('leaves out a line that was cut short, and does not glue the next one to it', async () => {
    const first = new History(directory, 'node1');
    first.keep(line(1));
    await first.flush();
    appendFileSync(join(directory, 'history'), '{"time": 2, "wha');
    const second = new History(directory, 'node1');
    second.keep(line(3));
    await second.flush();
    assert.deepEqual(
      readHistory(directory).map(({ time }) => time),
      [1, 3],
    );
  });

  it('has a bound, and keeps the newest', async () => {
    const history = new History(directory, 'node1');
    for (let time = 0; time < 30_000; time++) {
      history.keep(line(time));
      if (time % 500 === 0) await history.flush();
    }
    await history.flush();
    const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    assert.ok(bytes < 1_200_000, `${bytes} bytes`);
    const kept = readHistory(directory);
    assert.equal(kept.at(-1)?.time, 29_999);
    assert.ok(kept.length > 5000);
  });

  it('goes on after a disk that took nothing, and says how much is lost', async () => {
    const history = new History(directory, 'node1');
    mkdirSync(join(directory, 'history'));
    history.keep(line(1));
    await history.flush();
    assert.equal(history.lost, 1);
    rmdirSync(join(directory, 'history'));
    history.keep(line(2));
    await history.flush();
    assert.deepEqual(
      readHistory(directory).map(({ what }) => what),
      ['history-lost', 'takeover'],
    );
    assert.equal(history.lost, 0);
  });

  it('is shown for one group and some time', async () => {
    const history = new History(directory, 'node1');
    for (const one of [line(1000, 'takeover', 'web'), line(2000, 'takeover', 'db'), line(3000, 'node-dead')])
      history.keep(one);
    await history.flush();
    const times = (text: string): number[] => text.split('\n').map((one) => JSON.parse(one).time as number);
    assert.deepEqual(times(showHistory(directory, 'web', undefined, true, 4000)), [1000, 3000]);
    assert.deepEqual(times(showHistory(directory, undefined, 2500, true, 4000)), [2000, 3000]);
    assert.match(showHistory(directory, 'db', 2500, false, 4000), /^1970-01-01T00:00:02.000Z node1 takeover db: so\n/);
  });
});
