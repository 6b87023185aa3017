import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bmcAddress, bmcPassword, bmcUser } from '../../src/lab/bmc.ts';
import { clientAddress, sampleVip } from '../../src/lab/names.ts';
import type { FencingRecord } from '../../src/wire/fencing.ts';
import type { JournalLine } from '../../src/wire/journal.ts';
import type { Status } from '../../src/wire/status.ts';
import { type OperatedCluster, operatorSteps, pagerAgent, watchedAgent } from './operator-steps.ts';
import { type Ended, ended, isReached, pingsAnswered, ssh, sshOutput, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const names = ['node1', 'node2', 'node3'];
/** As in `npm run test:all`, or where somebody asked for this test; otherwise it is kept short. */
const full = process.env.MUSTER_FULL !== '0';

/** In the order of its life: a BMC of OpenIPMI's for each machine, fence_ipmilan on each, then one thing after the other. */
describe('fencing with fence_ipmilan through the ipmi of the lab', function () {
  this.timeout(600_000);
  // Each begins with what the one before it has left.
  this.bail(true);
  const lab = useLab({ nodes: 3, prepared: true });
  const folder = mkdtempSync(join(tmpdir(), 'muster-fencing-'));

  /** A line of shell as an operator would type it. */
  function type(line: string): Promise<Ended> {
    const path = `${join(folder, 'bin')}:${process.env.PATH}`;
    const env = { ...process.env, PATH: path, MUSTER_LAB: lab().paths.name, XDG_STATE_HOME: join(folder, 'state') };
    return ended(spawn('sh', ['-c', line], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }
  const muster = (...args: string[]): Promise<Ended> => type(`muster ${args.join(' ')} -i inventory/lab.yml`);

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

  /** Every device as each of these nodes has tested it. */
  const devicesAre = (nodes: readonly string[], states: Readonly<Record<string, string>>): Promise<true> =>
    until(`devices ${JSON.stringify(states)}`, async () => {
      const all = await Promise.all(nodes.map(statusOf));
      const good = all.every((status) =>
        status?.fencing?.devices.every(({ name, state }) => states[name] === undefined || states[name] === state),
      );
      return good ? true : undefined;
    });

  /** What these have fenced. */
  async function history(nodes: readonly string[]): Promise<FencingRecord[]> {
    const texts = await Promise.all(nodes.map((node) => sshOutput(lab(), node, 'musterd fence --history --json')));
    return texts.flatMap((text) => JSON.parse(text) as FencingRecord[]);
  }

  before(async () => {
    const devices = names.map(
      (node) =>
        `      ${node}-bmc: { agent: fence_ipmilan, nodes: { ${node}: { ip: ${bmcAddress(node)} } }, action: reboot, timeout: 12s,
        options: { username: ${bmcUser}, password: { file: ../bmc }, lanplus: true, cipher: 3, power_timeout: 8 } }`,
    );
    for (const part of ['bin', 'inventory']) mkdirSync(join(folder, part));
    const program = `#!/bin/sh\nexec '${process.execPath}' '${root}dist/muster.js' "$@"\n`;
    writeFileSync(join(folder, 'bin/muster'), program, { mode: 0o755 });
    writeFileSync(join(folder, 'bmc'), `${bmcPassword}\n`, { mode: 0o600 });
    writeFileSync(
      join(folder, 'inventory/lab.yml'),
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
    db: { preferred: node1, resources: [${sampleVip}/24/eth0, watched] }
  resources:
    defaults: { monitor: 1s, migration_threshold: 1000 }
    groups: { db: { needs: fencing } }
  alerts: { pager: { exec: /root/pager.alert } }
  monitors: { outside: { hosts: [${clientAddress}], services: { ping: { check: ping, interval: 2s } } } }
  fencing:
    devices:
${devices.join('\n')}
    self_test: 10s
`,
    );
    const write = (file: string, text: string): string => `cat >${file} <<'END'\n${text}END\nchmod 755 ${file}\n`;
    const agents = write('/etc/ha.d/resource.d/watched', watchedAgent) + write('/root/pager.alert', pagerAgent);
    await Promise.all(
      names.map(async (node) => {
        await sshOutput(lab(), node, `mkdir -p /etc/ha.d/resource.d\n${agents}`);
        await lab().bmc(node, true);
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is provisioned, and nobody but root may read the passwords', async () => {
    const early = await muster('standby', 'node1');
    assert.equal(early.rc, 4, early.output);
    assert.match(early.output, /^Cannot set node1 standby as a node must answer: none does\n {2}node\[1-3\]: /);
    const { rc, output } = await muster('provision', '--diff');
    assert.equal(rc, 0, output);
    assert.ok(!output.includes(bmcPassword), 'no diff shows a password');
    for (const node of names) {
      const count = 'stat -c %a /etc/ha.d/muster.yml; grep -c lab-secret /etc/ha.d/muster.yml';
      assert.deepEqual((await sshOutput(lab(), node, count)).split('\n'), ['600', '3'], node);
    }
    await holderAmong(names);
    await devicesAre(names, { 'node1-bmc': 'ok', 'node2-bmc': 'ok', 'node3-bmc': 'ok' });
    assert.ok(await isReached(lab(), sampleVip));
    const status = await muster('status');
    assert.match(status.output, /Fencing devices: 3 of 3 answer/);
    assert.ok(!status.output.includes(bmcPassword));
  });

  const cluster: OperatedCluster = {
    ...{ nodes: names, type, statusOf, holderAmong, until },
    on: (node, command) => sshOutput(lab(), node, command),
  };
  operatorSteps(() => cluster, full);

  /** Until a machine is on again and its musterd hears the others. */
  const isBack = (node: string): Promise<true> =>
    until(`${node} is on again`, async () => ((await statusOf(node))?.quorum.quorate === true ? true : undefined));

  it('takes over from a machine that hangs once its BMC has switched it off, which brings it back, too', async () => {
    const holder = await holderAmong(names);
    const others = names.filter((node) => node !== holder);
    const boot = 'cat /run/boot-of-the-test 2>/dev/null || date +%s.%N | tee /run/boot-of-the-test';
    const before = await sshOutput(lab(), holder, boot);
    await lab().faults.freeze(holder);
    const second = await holderAmong(others);
    const lines = await journalOf(second);
    const at = (what: string): number => lines.findLastIndex((line) => line.what === what);
    assert.ok(at('fenced') >= 0 && at('fenced') < at('takeover'), JSON.stringify(lines.slice(-10)));
    const record = (await history(others)).find(({ node, ok }) => node === holder && ok);
    assert.match(record?.text ?? '', /^node\d-bmc \(fence_ipmilan\) says that node\d is off$/);
    assert.equal(record!.kind, 'device');
    await isBack(holder);
    assert.notEqual(await sshOutput(lab(), holder, boot), before, 'it was switched off while it hung');
    assert.equal(await holderAmong(names), second);
    assert.ok(await isReached(lab(), sampleVip));
  });

  it('stays down where the BMC cannot be reached, says so, and goes on when an operator confirms', async () => {
    const holder = await holderAmong(names);
    const others = names.filter((node) => node !== holder);
    await devicesAre(names, { [`${holder}-bmc`]: 'ok' });
    await lab().bmc(holder, false);
    await devicesAre(others, { [`${holder}-bmc`]: 'failed' });
    for (const node of others) {
      const warned = (await journalOf(node)).filter(({ what }) => what === 'fencing-device').map(({ why }) => why);
      assert.ok(
        warned.some((why) => why.includes(`${holder}-bmc (fence_ipmilan) failed its test`)),
        warned.join('\n'),
      );
    }
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
    const must = `Cannot fence "${holder}" as node\\d must make sure that it is off: .*fence_ipmilan`;
    assert.match(asked.output, new RegExp(must));
    const hint = `hint: make sure that ${holder} is off, then: muster fence ${holder} --confirmed`;
    assert.match(asked.output, new RegExp(hint));
    const confirmed = await muster('fence', holder, '--confirmed', '--yes');
    assert.equal(confirmed.rc, 0, confirmed.output);
    await holderAmong(others);
    assert.ok(await isReached(lab(), sampleVip));
    assert.ok((await history(others)).some(({ node, kind }) => node === holder && kind === 'operator'));
    const word = `failure ${holder} is fenced: an operator has made sure that it is off`;
    await until('an alert of that', async () => {
      const told = await Promise.all(others.map((node) => ssh(lab(), node, 'cat /root/told')));
      const lines = told.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line === word));
      assert.ok(lines.length <= 1, 'one node tells it');
      return lines.length === 1 ? true : undefined;
    });
    const alive = await muster('fence', others[0]!, '--confirmed', '--yes');
    assert.equal(alive.rc, 2, alive.output);
    assert.match(alive.output, new RegExp(`${others[0]} is heard: it was alive \\d+ ms ago`));
  });
});
