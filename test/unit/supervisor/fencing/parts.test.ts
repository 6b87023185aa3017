import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfiguration } from '../../../../src/linux-ha/cluster.ts';
import { FencingParts } from '../../../../src/supervisor/fencing/parts.ts';
import { Journal } from '../../../../src/supervisor/journal.ts';
import { actionOf, ended, fakeTools, metadata } from './fake-tools.ts';

describe('the fencing of a node', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-fencing-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function parts(self: string, lines = '', fencing = '') {
    const { cluster } = parseConfiguration({
      'ha.cf': `node n1 n2 n3\nbcast eth0\n${lines}`,
      authkeys: 'auth 1\n1 sha256 secret\n',
      'muster.yml': fencing,
    });
    const { tools, calls } = fakeTools((call) => {
      if (call.program.endsWith('stonith')) return ended(call.args.includes('n2') ? 0 : 1, 'pa55word is wrong');
      return actionOf(call) === 'metadata' ? metadata('off', 'status') : ended(actionOf(call) === 'status' ? 2 : 0);
    });
    const journal = new Journal(self, { write: () => {}, flush: async () => {} });
    const runDir = join(folder, 'run');
    const stateDir = join(folder, 'state');
    return { own: new FencingParts({ cluster, self, journal, runDir, stateDir, now: () => 0, tools }), calls, runDir };
  }

  it('fences nobody where nothing is configured, and has no status then', async () => {
    const { own } = parts('n1');
    await own.start();
    assert.deepEqual(await own.fence('n2', 'why'), { ok: false, text: 'no fencing device is configured' });
    assert.equal(own.status(), null);
    own.stop();
  });

  it("uses heartbeat's lines that are for all or for itself, with their parameters where only root may read them", async () => {
    const lines = 'stonith_host n2 ssh n1\nstonith_host * baytech 10.0.0.3 me pa55word\nstonith_host n1 ssh n3\n';
    const { own, calls, runDir } = parts('n1', lines);
    const conf = join(runDir, 'fencing/stonith_host-2.conf');
    assert.deepEqual(readdirSync(join(runDir, 'fencing')), ['stonith_host-2.conf', 'stonith_host-3.conf']);
    assert.equal(readFileSync(conf, 'utf8'), '10.0.0.3 me pa55word\n');
    assert.equal(statSync(conf).mode & 0o777, 0o600);
    const { ok, text } = await own.fence('n3', 'why');
    assert.equal(ok, false);
    assert.match(text, /^stonith_host-2 \(stonith:baytech\) ended with 1: \(secret\) is wrong; stonith_host-3 /);
    assert.deepEqual(
      calls.map(({ args }) => args[1]),
      ['baytech', 'ssh'],
    );
    assert.equal((await own.fence('n2', 'why')).ok, true);
    assert.deepEqual(
      own.history.records.map(({ node, ok: done }) => [node, done]),
      [
        ['n3', false],
        ['n2', true],
      ],
    );
  });

  it('says how its devices are, but for those that are for itself alone', () => {
    const devices = 'a: { agent: fence_x, nodes: [n1] }, b: { agent: fence_x, nodes: [n1, n2] }';
    const { own } = parts('n1', '', `fencing: { devices: { ${devices} } }\n`);
    assert.deepEqual(
      own.status()!.devices.map(({ name, state }) => [name, state]),
      [['b', 'untested']],
    );
  });

  it("remembers an operator's word only where it was believed", () => {
    const { own } = parts('n1');
    own.noted('n2', true, { ok: false });
    own.noted('n2', false, { ok: true });
    assert.deepEqual(own.history.records, []);
    own.noted('n2', true, { ok: true });
    assert.deepEqual(
      own.history.records.map(({ node, by, kind }) => [node, by, kind]),
      [['n2', 'n1', 'operator']],
    );
  });
});
