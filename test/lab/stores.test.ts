import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sampleVip, sharedDisk } from '../../src/lab/names.ts';
import type { Status } from '../../src/wire/status.ts';
import { etcdProgram } from '../integration/stores/etcd-program.ts';
import { type Ended, ended, isReached, ssh, sshOutput, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const etcdUrl = `http://10.77.0.13:2379`;

/** One lab for both stores: the second one is provisioned over the first. The third machine is etcd's. */
describe('two nodes of a lab and a lease store', function () {
  this.timeout(240_000);
  const lab = useLab(3);
  const folder = mkdtempSync(join(tmpdir(), 'muster-stores-'));

  const inventory = (store: string): string => {
    const file = join(folder, 'stores.yml');
    const group = `web: { preferred: node1, resources: [${sampleVip}/24/eth0] }`;
    writeFileSync(
      file,
      `defaults: { user: root, connection: lab }
hosts:
  node[1-3]:
    address: 10.77.0.[11-13]
groups:
  web: []
cluster:
  name: stores
  nodes: node[1-2]
  links: [ucast eth0]
  timings: { lease: 2s }
  store: ${store}
  groups:
    ${group}
`,
    );
    return file;
  };

  async function muster(command: string, store: string, ...options: string[]): Promise<Ended> {
    const env = { ...process.env, MUSTER_LAB: lab().paths.name };
    const args = [`${root}dist/muster.js`, command, '-i', inventory(store), ...options];
    return ended(spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async function provision(store: string): Promise<void> {
    const { rc, output } = await muster('provision', store);
    assert.equal(rc, 0, output);
  }

  async function statusOf(node: string): Promise<Status | undefined> {
    const { rc, stdout } = await ssh(lab(), node, 'musterd status --json');
    return rc === 0 ? (JSON.parse(stdout) as Status) : undefined;
  }

  async function openOn(nodes: readonly string[]): Promise<string[]> {
    const all = await Promise.all(
      nodes.map(async (node) => ((await statusOf(node))?.groups[0]?.gateOpen ? [node] : [])),
    );
    return all.flat();
  }

  /** Waits until exactly these nodes have an open gate. */
  async function becomesOpen(wanted: readonly string[], among = ['node1', 'node2']): Promise<void> {
    let open: string[] = [];
    for (let tries = 0; tries < 150; tries++) {
      open = await openOn(among);
      if (open.join() === wanted.join()) return;
      await sleep(200);
    }
    assert.deepEqual(open, wanted);
  }

  async function holder(): Promise<string> {
    for (let tries = 0; tries < 150; tries++) {
      const open = await openOn(['node1', 'node2']);
      if (open.length === 1) return open[0]!;
      await sleep(200);
    }
    return assert.fail('no node holds the group');
  }

  async function pullPlugOfHolder(): Promise<void> {
    const first = await holder();
    const second = first === 'node1' ? 'node2' : 'node1';
    assert.ok(await isReached(lab(), sampleVip));
    await lab().faults.powerOff(first);
    await becomesOpen([second], [second]);
    assert.ok(await isReached(lab(), sampleVip));
    const status = await statusOf(second);
    assert.match(status!.groups[0]!.reason, /ran out/);
    await lab().faults.powerOn(first);
    await becomesOpen([second]);
    for (let tries = 0; (await statusOf(first))?.store?.answers !== true; tries++) {
      assert.ok(tries < 150, `${first} does not reach the store`);
      await sleep(200);
    }
    assert.deepEqual(await openOn([first, second]), [second]);
  }

  /** Makes etcd a service of the third machine, so that it comes back with its data when that has power again. */
  async function installEtcd(): Promise<void> {
    const into = ['lab', 'ssh', 'node3', '--lab', lab().paths.name, '--', 'cat > /usr/local/bin/etcd'];
    execFileSync(process.execPath, [`${root}dist/muster.js`, ...into], { input: readFileSync(etcdProgram()) });
    const options = `--data-dir /var/lib/etcd --listen-client-urls ${etcdUrl} --advertise-client-urls ${etcdUrl}`;
    const unit = `[Service]\nType=notify\nExecStart=/usr/local/bin/etcd ${options}\n[Install]\nWantedBy=multi-user.target\n`;
    const write = `chmod +x /usr/local/bin/etcd && printf '${unit}' > /etc/systemd/system/etcd.service`;
    await sshOutput(lab(), 'node3', `${write} && systemctl enable --now etcd`);
  }

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('etcd: is provisioned, fails over at a pulled plug, is silent while etcd is lost, and comes back', async () => {
    const store = `{ kind: etcd, endpoints: ['${etcdUrl}'] }`;
    await installEtcd();
    await provision(store);
    assert.deepEqual((await statusOf(await holder()))!.groups[0]!.votes, ['etcd']);
    await pullPlugOfHolder();
    const drill = await muster(
      'drill',
      store,
      '--scenario',
      'store-loss',
      '--json',
      'loss.json',
      '--html',
      'loss.html',
    );
    // One host of etcd is all there are: users do feel its loss, which is what this drill finds out.
    assert.equal(drill.rc, 5, drill.output);
    const [step, ...more] = JSON.parse(readFileSync(join(folder, 'loss.json'), 'utf8')).steps;
    assert.deepEqual([step.node, step.doubleHolderMs, more], ['node3', 0, []], drill.output);
    assert.match(drill.output, /node3: udp was out for \d+ ms, and nobody should have felt it/);
    await holder();
    assert.ok(await isReached(lab(), sampleVip));
  });

  it('quorum disk: is provisioned, fails over at a pulled plug and at a freeze, with one holder each time', async () => {
    // The leases move from one store to another: nobody may hold any meanwhile.
    for (const node of ['node1', 'node2']) await ssh(lab(), node, 'systemctl stop musterd');
    await provision(`{ kind: disk, device: ${sharedDisk} }`);
    assert.deepEqual((await statusOf(await holder()))!.groups[0]!.votes, ['disk']);
    await pullPlugOfHolder();
    const frozen = await holder();
    const other = frozen === 'node1' ? 'node2' : 'node1';
    await lab().faults.freeze(frozen);
    await becomesOpen([other], [other]);
    await lab().faults.thaw(frozen);
    for (let tries = 0; tries < 10; tries++) {
      assert.deepEqual(await openOn([frozen, other]), [other]);
      await sleep(100);
    }
    assert.ok(await isReached(lab(), sampleVip));
  });
});
