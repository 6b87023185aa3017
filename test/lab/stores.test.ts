import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clientAddress, sampleVip, sharedDisk } from '../../src/lab/names.ts';
import type { Status } from '../../src/wire/status.ts';
import { etcdProgram } from '../integration/stores/etcd-program.ts';
import { isReached, pingsAnswered, ssh, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const etcdUrl = `http://${clientAddress}:2379`;

/** One lab of two nodes for both stores: the second one is provisioned over the first. */
describe('two nodes of a lab and a lease store', function () {
  this.timeout(240_000);
  const lab = useLab(2);
  const folder = mkdtempSync(join(tmpdir(), 'muster-stores-'));
  let etcd: ChildProcess | undefined;

  const inventory = (store: string): string => {
    const file = join(folder, 'stores.yml');
    const group = `web: { preferred: node1, resources: [${sampleVip}/24/eth0] }`;
    writeFileSync(
      file,
      `defaults: { user: root, connection: lab }
hosts:
  node[1-2]:
    address: 10.77.0.[11-12]
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

  async function provision(store: string): Promise<void> {
    const env = { ...process.env, MUSTER_LAB: lab().paths.name };
    const args = [`${root}dist/muster.js`, 'provision', '-i', inventory(store)];
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    const rc = await new Promise((resolve) => child.once('close', resolve));
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

  function startEtcd(): ChildProcess {
    const peer = `http://${clientAddress}:2380`;
    const urls = ['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl, '--listen-peer-urls', peer];
    const first = ['--name', 'one', '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`];
    const options = ['--data-dir', join(folder, 'etcd'), '--logger', 'zap', '--log-level', 'error'];
    const [program, ...args] = lab().inClient([etcdProgram(), ...options, ...urls, ...first]);
    return spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  async function stopEtcd(): Promise<void> {
    if (etcd === undefined || etcd.exitCode !== null || etcd.signalCode !== null) return;
    const ended = new Promise((resolve) => etcd!.once('exit', resolve));
    etcd.kill('SIGKILL');
    await ended;
    etcd = undefined;
  }

  after(async () => {
    await stopEtcd();
    rmSync(folder, { recursive: true, force: true });
  });

  it('etcd: is provisioned, fails over at a pulled plug, is silent while etcd is lost, and comes back', async () => {
    etcd = startEtcd();
    await provision(`{ kind: etcd, endpoints: ['${etcdUrl}'] }`);
    assert.deepEqual((await statusOf(await holder()))!.groups[0]!.votes, ['etcd']);
    await pullPlugOfHolder();
    await stopEtcd();
    await becomesOpen([]);
    assert.equal(await pingsAnswered(lab(), sampleVip), 0);
    etcd = startEtcd();
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
