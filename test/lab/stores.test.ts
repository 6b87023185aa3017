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
/** How long clients may be without an answer, and the machine busy beside; the figures are the benchmark's. */
const bound = '60s';

/** What is asked of a step here, of what `drill --json` says of it. */
interface Step {
  readonly holderBefore: string | null;
  readonly holderAfter: string | null;
  readonly reasons: readonly string[];
  readonly outageMs: { readonly udp: number };
  readonly phasesMs: { readonly takenOver: number | null; readonly reached: number | null };
}

/** One lab for both stores: the second one is provisioned over the first. The third machine is etcd's. */
describe('two nodes of a lab and a lease store', function () {
  this.timeout(240_000);
  const lab = useLab({ nodes: 3, prepared: true });
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

  /** Waits until a node holds the group, and says which one; who else may have, only the witness knows. */
  async function holder(): Promise<string> {
    for (let tries = 0; tries < 150; tries++) {
      const all = await Promise.all(['node1', 'node2'].map(statusOf));
      const found = all.find((status) => status?.groups[0]?.gateOpen);
      if (found !== undefined) return found.node;
      await sleep(200);
    }
    return assert.fail('no node holds the group');
  }

  /**
   * One step of a drill, as the witness on the switch and the clients saw it: whatever was broken, never two nodes accepted
   * for the address in one instant, and the cluster was whole again.
   */
  async function drilled(store: string, scenario: string, node: string): Promise<{ rc: number | null; step: Step }> {
    const report = join(folder, `${scenario}.json`);
    const options = ['--scenario', scenario, '--nodes', node, '--bound', bound, '--json', report];
    const { rc, output } = await muster('drill', store, ...options, '--html', join(folder, 'report.html'));
    assert.ok(rc === 0 || rc === 5, output);
    const [step, ...more] = JSON.parse(readFileSync(report, 'utf8')).steps;
    assert.deepEqual([step.node, step.doubleHolderMs, step.doubleHoldings, more], [node, 0, [], []], output);
    assert.doesNotMatch(step.reasons.join('; '), /not whole again|witness/);
    return { rc, step };
  }

  /** Breaks the holder: the other node takes over, as the lease ran out, and keeps the group. */
  async function failsOver(store: string, scenario: 'plug-pull' | 'freeze'): Promise<void> {
    const first = await holder();
    const second = first === 'node1' ? 'node2' : 'node1';
    const { rc, step } = await drilled(store, scenario, first);
    assert.deepEqual([rc, step.holderBefore, step.holderAfter, step.reasons], [0, first, second, []]);
    const { takenOver, reached } = step.phasesMs;
    assert.ok(
      takenOver !== null && takenOver > 0 && reached !== null,
      'the other node answered while the fault lasted',
    );
    assert.ok(step.outageMs.udp > 0, 'the loss of the holder is felt');
    assert.match((await statusOf(second))!.groups[0]!.reason, /ran out/);
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
    await failsOver(store, 'plug-pull');
    // One host of etcd is all there are: users do feel its loss, which is what this drill finds out.
    const { rc, step } = await drilled(store, 'store-loss', 'node3');
    assert.equal(rc, 5);
    assert.match(step.reasons.join('; '), /udp was out for \d+ ms, and nobody should have felt it/);
    await holder();
    assert.ok(await isReached(lab(), sampleVip));
  });

  it('quorum disk: is provisioned, fails over at a pulled plug and at a freeze, with one holder each time', async () => {
    const store = `{ kind: disk, device: ${sharedDisk} }`;
    // The leases move from one store to another: nobody may hold any meanwhile.
    for (const node of ['node1', 'node2']) await ssh(lab(), node, 'systemctl stop musterd');
    await provision(store);
    assert.deepEqual((await statusOf(await holder()))!.groups[0]!.votes, ['disk']);
    await failsOver(store, 'plug-pull');
    await failsOver(store, 'freeze');
    assert.ok(await isReached(lab(), sampleVip));
  });
});
