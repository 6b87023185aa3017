import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sampleVip } from '../../src/lab/names.ts';
import type { Status } from '../../src/wire/status.ts';
import { type Ended, ended, isReached, ssh, sshOutput, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const names = ['node1', 'node2', 'node3'];

/** A unit that a test can watch: it writes down when it starts and stops, on its own node. */
const unit = `[Unit]
Description=A service of the test
[Service]
ExecStart=/bin/sh -c 'echo start >>/var/log/shop; exec sleep infinity'
ExecStopPost=/bin/sh -c 'echo stop >>/var/log/shop'
`;

/** Debian's agents, a systemd unit and systemd itself around musterd: what the unit file and a real boot have to do with it. */
describe('resources in the lab', function () {
  this.timeout(600_000);
  const lab = useLab(3);
  const folder = mkdtempSync(join(tmpdir(), 'muster-resources-'));
  const inventory = join(folder, 'resources.yml');

  async function muster(...args: string[]): Promise<Ended> {
    const env = { ...process.env, MUSTER_LAB: lab().paths.name, XDG_STATE_HOME: join(folder, 'state') };
    const all = [`${root}dist/muster.js`, ...args, '-i', inventory];
    return ended(spawn(process.execPath, all, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async function statusOf(node: string): Promise<Status | undefined> {
    const { rc, stdout } = await ssh(lab(), node, 'musterd status --json');
    return rc === 0 ? (JSON.parse(stdout) as Status) : undefined;
  }

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 240; tries++) {
      if (await holds()) return;
      await sleep(500);
    }
    const journals = await Promise.all(names.map(async (node) => (await ssh(lab(), node, 'musterd journal')).stdout));
    assert.fail(
      `${what} did not come about:\n${journals.map((text) => text.split('\n').slice(-15).join('\n')).join('\n\n')}`,
    );
  }

  /** Whether the group is held there, and all of it runs. */
  const runsOn = (node: string) => async (): Promise<boolean> => {
    const group = (await statusOf(node))?.groups[0];
    const resources = group?.resources ?? [];
    return group?.gateOpen === true && resources.length === 3 && resources.every(({ state }) => state === 'running');
  };
  const started = async (node: string): Promise<string> => (await ssh(lab(), node, 'cat /var/log/shop')).stdout;

  before(async () => {
    writeFileSync(
      inventory,
      `defaults: { user: root, connection: lab }
hosts:
  node[1-3]:
    address: 10.77.0.[11-13]
groups:
  web: node[1-3]
cluster:
  name: resources
  nodes: node[1-3]
  links: [ucast eth0]
  groups:
    shop:
      preferred: node1
      resources: [${sampleVip}/24/eth0, 'Delay::0::0', shop.service, 'ocf:heartbeat:Dummy']
  resources: { defaults: { monitor: 1s } }
`,
    );
    for (const node of names)
      await sshOutput(
        lab(),
        node,
        `cat >/etc/systemd/system/shop.service <<'END'\n${unit}END\nsystemctl daemon-reload`,
      );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('are provisioned with the agents that they need, and start in order where the group is', async () => {
    const { rc, output } = await muster('provision', '--diff');
    assert.equal(rc, 0, output);
    await until('the group on node1', runsOn('node1'));
    for (const node of names) await sshOutput(lab(), node, 'test -x /usr/lib/ocf/resource.d/heartbeat/Dummy');
    assert.equal(await sshOutput(lab(), 'node1', 'systemctl is-active shop.service'), 'active');
    assert.equal(await started('node1'), 'start\n');
    assert.match((await muster('status')).output, /- Delay: running\n +- shop\.service: running\n +- Dummy: running/);
  });

  it('run on when musterd is killed, and are found again, or stopped where the group is elsewhere by then', async () => {
    const pidOf = async (service: string): Promise<string> =>
      (await ssh(lab(), 'node1', `systemctl show --value -p MainPID ${service}`)).stdout.trim();
    const [pid, killed] = [await pidOf('shop.service'), await pidOf('musterd.service')];
    // Nobody else may have it, so that it is node1 that gets it again.
    for (const node of ['node2', 'node3']) assert.equal((await muster('standby', node)).rc, 0);
    await sshOutput(lab(), 'node1', 'systemctl kill --kill-whom=main -s KILL musterd.service');
    await until('another life of musterd', async () => ![killed, '0', ''].includes(await pidOf('musterd.service')));
    await until('the group on node1 again', runsOn('node1'));
    assert.equal(await pidOf('shop.service'), pid);
    assert.equal(await started('node1'), 'start\n');
    for (const node of ['node2', 'node3']) assert.equal((await muster('online', node)).rc, 0);
  });

  it('stop in reverse on a hand-over before they start elsewhere, and the address answers all the time', async () => {
    assert.equal((await muster('standby', 'node1')).rc, 0);
    await until('the group elsewhere', async () => (await runsOn('node2')()) || (await runsOn('node3')()));
    assert.equal(await started('node1'), 'start\nstop\n');
    assert.notEqual((await ssh(lab(), 'node1', 'systemctl is-active shop.service')).stdout.trim(), 'active');
    assert.ok(await isReached(lab(), sampleVip));
    assert.equal((await muster('online', 'node1')).rc, 0);
  });

  it('start elsewhere after a plug-pull', async () => {
    const before = (await runsOn('node2')()) ? 'node2' : 'node3';
    await lab().faults.powerOff(before);
    const others = names.filter((name) => name !== before);
    await until('the group on another node', async () =>
      (await Promise.all(others.map((name) => runsOn(name)()))).some(Boolean),
    );
    assert.ok(await isReached(lab(), sampleVip));
    await lab().faults.powerOn(before);
    // What was on it went with the power; it comes back and runs nothing.
    await until('the node back', async () => (await statusOf(before))?.quorum.quorate === true);
    assert.notEqual((await ssh(lab(), before, 'systemctl is-active shop.service')).stdout.trim(), 'active');
  });

  it('stop when musterd is stopped, with the group handed over first', async () => {
    let holder = '';
    await until('a holder', async () => {
      for (const name of names) if (await runsOn(name)()) holder = name;
      return holder !== '';
    });
    await sshOutput(lab(), holder, 'systemctl stop musterd.service');
    assert.notEqual((await ssh(lab(), holder, 'systemctl is-active shop.service')).stdout.trim(), 'active');
    const others = names.filter((name) => name !== holder);
    await until('the group on another node', async () =>
      (await Promise.all(others.map((name) => runsOn(name)()))).some(Boolean),
    );
    await sshOutput(lab(), holder, 'systemctl start musterd.service');
  });
});
