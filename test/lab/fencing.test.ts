import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bmcAddress, bmcPassword, bmcUser } from '../../src/lab/bmc.ts';
import { sampleVip } from '../../src/lab/names.ts';
import type { FencingRecord } from '../../src/wire/fencing.ts';
import type { JournalLine } from '../../src/wire/journal.ts';
import type { Status } from '../../src/wire/status.ts';
import { type Ended, ended, isReached, pingsAnswered, ssh, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const names = ['node1', 'node2', 'node3'];

/** In the order of its life: a BMC of OpenIPMI's for each machine, fence_ipmilan on each, then one thing after the other. */
describe('fencing with fence_ipmilan through the ipmi of the lab', function () {
  this.timeout(600_000);
  // Each begins with what the one before it has left.
  this.bail(true);
  const lab = useLab(3);
  const folder = mkdtempSync(join(tmpdir(), 'muster-fencing-'));
  const inventory = join(folder, 'fencing.yml');

  async function muster(...args: string[]): Promise<Ended> {
    const env = { ...process.env, MUSTER_LAB: lab().paths.name, XDG_STATE_HOME: join(folder, 'state') };
    const all = [`${root}dist/muster.js`, ...args, '-i', inventory];
    return ended(spawn(process.execPath, all, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async function statusOf(node: string): Promise<Status | undefined> {
    const { rc, stdout } = await ssh(lab(), node, 'musterd status --json');
    return rc === 0 ? (JSON.parse(stdout) as Status) : undefined;
  }

  async function journalOf(node: string): Promise<JournalLine[]> {
    const { stdout } = await ssh(lab(), node, 'musterd journal --json');
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalLine]));
  }

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < 240; tries++) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(500);
    }
    const seen = await Promise.all(names.map(async (node) => JSON.stringify((await journalOf(node)).slice(-8))));
    return assert.fail(`${what} did not come about: ${seen.join('\n')}`);
  }

  /** The one of these nodes whose gate is open. */
  const holderAmong = (nodes: readonly string[]): Promise<string> =>
    until(`a holder among ${nodes.join(', ')}`, async () => {
      const all = await Promise.all(
        nodes.map(async (node) => ((await statusOf(node))?.groups[0]?.gateOpen ? [node] : [])),
      );
      return all.flat().length === 1 ? all.flat()[0] : undefined;
    });

  const powerOf = async (node: string): Promise<string> =>
    (await lab().nodes()).find(({ name }) => name === node)!.power;

  /** Every device as each of these nodes has tested it. */
  const devicesAre = (nodes: readonly string[], states: Readonly<Record<string, string>>): Promise<true> =>
    until(`devices ${JSON.stringify(states)}`, async () => {
      const all = await Promise.all(nodes.map(statusOf));
      const good = all.every((status) =>
        status?.fencing?.devices.every(({ name, state }) => states[name] === undefined || states[name] === state),
      );
      return good ? true : undefined;
    });

  async function history(): Promise<FencingRecord[]> {
    const { output } = await muster('fence', '--history', '--json');
    return JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1));
  }

  before(async () => {
    const devices = names.map(
      (
        node,
      ) => `      ${node}-bmc: { agent: fence_ipmilan, nodes: { ${node}: { ip: ${bmcAddress(node)} } }, action: reboot, timeout: 20s,
        options: { username: ${bmcUser}, password: { file: bmc }, lanplus: true, cipher: 3, power_timeout: 8 } }`,
    );
    writeFileSync(join(folder, 'bmc'), `${bmcPassword}\n`, { mode: 0o600 });
    writeFileSync(
      inventory,
      `defaults: { user: root, connection: lab }
hosts:
  node[1-3]:
    address: 10.77.0.[11-13]
groups:
  web: []
cluster:
  name: fenced
  nodes: node[1-3]
  links: [ucast eth0]
  groups:
    db: { preferred: node1, resources: [${sampleVip}/24/eth0] }
  resources: { groups: { db: { needs: fencing } } }
  fencing:
    devices:
${devices.join('\n')}
    self_test: 10s
`,
    );
    await Promise.all(names.map((node) => lab().bmc(node, true)));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is provisioned, and nobody but root may read the passwords', async () => {
    const { rc, output } = await muster('provision', '--diff');
    assert.equal(rc, 0, output);
    assert.ok(!output.includes(bmcPassword), 'no diff shows a password');
    for (const node of names) {
      const { stdout } = await ssh(
        lab(),
        node,
        'stat -c %a /etc/ha.d/muster.yml; grep -c lab-secret /etc/ha.d/muster.yml',
      );
      assert.deepEqual(stdout.trim().split('\n'), ['600', '3'], node);
    }
    await holderAmong(names);
    await devicesAre(names, { 'node1-bmc': 'ok', 'node2-bmc': 'ok', 'node3-bmc': 'ok' });
    assert.ok(await isReached(lab(), sampleVip));
    const status = await muster('status');
    assert.match(status.output, /Fencing devices: 3 of 3 answer/);
    assert.ok(!status.output.includes(bmcPassword));
  });

  it('takes over from a machine that hangs once its BMC has switched it off, which brings it back, too', async () => {
    const holder = await holderAmong(names);
    const others = names.filter((node) => node !== holder);
    await lab().faults.freeze(holder);
    const second = await holderAmong(others);
    const lines = await journalOf(second);
    const at = (what: string): number => lines.findLastIndex((line) => line.what === what);
    assert.ok(at('fenced') >= 0 && at('fenced') < at('takeover'), JSON.stringify(lines.slice(-10)));
    const [record] = (await history()).filter(({ node }) => node === holder);
    assert.deepEqual([record!.ok, record!.kind], [true, 'device']);
    assert.match(record!.text, /^node\d-bmc \(fence_ipmilan\) says that node\d is off$/);
    // It was switched off while it hung: what runs now is another boot.
    await until(`${holder} is on again`, async () =>
      (await powerOf(holder)) === 'on' && (await statusOf(holder)) ? true : undefined,
    );
    assert.equal(await holderAmong(names), second);
    assert.ok(await isReached(lab(), sampleVip));
  });

  it('takes over from a pulled plug only after fence_ipmilan has confirmed it', async () => {
    const holder = await holderAmong(names);
    const others = names.filter((node) => node !== holder);
    const since = Date.now();
    await lab().faults.powerOff(holder);
    const second = await holderAmong(others);
    const records = (await history()).filter(({ time }) => time > since);
    assert.ok(
      records.some(({ node, ok }) => node === holder && ok),
      JSON.stringify(records),
    );
    const takeover = (await journalOf(second)).findLast(({ what }) => what === 'takeover')!;
    assert.ok(takeover.time >= records.find(({ ok }) => ok)!.time - 1000, 'the clocks are one');
    await until(`${holder} is on again`, async () => ((await statusOf(holder)) ? true : undefined));
  });

  it('stays down where the BMC cannot be reached, says so, and goes on when an operator confirms', async () => {
    const holder = await holderAmong(names);
    const others = names.filter((node) => node !== holder);
    await devicesAre(names, { [`${holder}-bmc`]: 'ok' });
    await lab().bmc(holder, false);
    await devicesAre(others, { [`${holder}-bmc`]: 'failed' });
    const warned = (await Promise.all(others.map(journalOf))).map((lines) =>
      lines.some(
        ({ what, why }) => what === 'fencing-device' && why.includes(`${holder}-bmc (fence_ipmilan) failed its test`),
      ),
    );
    assert.deepEqual(warned, [true, true]);
    const shown = await muster('status');
    assert.match(shown.output, new RegExp(`${holder}-bmc \\(fence_ipmilan\\) FAILED its test by node\\d`));

    await lab().faults.powerOff(holder);
    await until('a fencing that fails', async () => {
      const lines = await Promise.all(others.map(journalOf));
      return lines.flat().some(({ what, peer }) => what === 'fence-failed' && peer === holder) ? true : undefined;
    });
    assert.equal(await pingsAnswered(lab(), sampleVip), 0);
    for (const node of others) assert.equal((await statusOf(node))?.groups[0]?.gateOpen, false);
    const asked = await muster('fence', holder, '--yes');
    assert.equal(asked.rc, 2, asked.output);
    assert.match(
      asked.output,
      new RegExp(`Cannot fence "${holder}" as node\\d must make sure that it is off: .*fence_ipmilan`),
    );
    assert.match(
      asked.output,
      new RegExp(`hint: make sure that ${holder} is off, then: muster fence ${holder} --confirmed`),
    );
    const confirmed = await muster('fence', holder, '--confirmed', '--yes');
    assert.equal(confirmed.rc, 0, confirmed.output);
    await holderAmong(others);
    assert.ok(await isReached(lab(), sampleVip));
    assert.ok((await history()).some(({ node, kind }) => node === holder && kind === 'operator'));

    await lab().bmc(holder, true);
    await lab().faults.powerOn(holder);
    await devicesAre(others, { [`${holder}-bmc`]: 'ok' });
  });
});
