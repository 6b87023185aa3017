import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcdProgram } from './stores/etcd-program.ts';
import { answering, journals, oneHolderOf, restored, statusOf, tellFailure } from './supervisor/holders.ts';
import { createCluster, type TestCluster, type TestNode, until, virtualIp } from './supervisor/namespaces.ts';

/** Two nodes, and no third vote but what `store` says. */
const filesWith = (store: string): Record<string, string> => ({
  'ha.cf':
    'node node1 node2\nkeepalive 50ms\nwarntime 500ms\ndeadtime 1\ninitdead 1\nudpport 694\nauto_failback off\nucast eth0 10.77.0.11\nucast eth0 10.77.0.12\n',
  'muster.yml': store,
});

const isOpen = (node: TestNode): boolean => statusOf(node)?.groups[0]?.gateOpen === true;
const other = (nodes: readonly TestNode[], node: TestNode): TestNode => nodes.find((one) => one !== node)!;

/** It answers for the address, as soon as that is on the device, and no other node does. */
async function isAlone(cluster: TestCluster, nodes: readonly TestNode[], node: TestNode): Promise<void> {
  await until(
    () => answering(cluster, [node], virtualIp).length === 1,
    () => journals(nodes),
    40_000,
  );
  const others = nodes.filter((one) => one !== node);
  assert.deepEqual(answering(cluster, others, virtualIp), []);
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** What holds with any store. */
function behaves(get: () => { cluster: TestCluster; nodes: readonly TestNode[] }): void {
  it('is the third vote of two nodes: one holds, by its leave, and says so with the bound', async () => {
    const { cluster, nodes } = get();
    const holder = await oneHolderOf(nodes);
    const { store, groups, quorum } = holder.status();
    assert.equal(store?.answers, true);
    assert.ok(store.boundMs > store.leaseMs);
    assert.deepEqual(groups[0]!.votes, [store.kind]);
    assert.equal(quorum.quorate, true);
    assert.match(holder.musterd('status'), /Leases lie in .*a dead holder's groups are elsewhere within/);
    await isAlone(cluster, nodes, holder);
  });

  it('lets the other node take over after kill -9, when the lease is over', async () => {
    const { cluster, nodes } = get();
    const killed = await oneHolderOf(nodes);
    const next = other(nodes, killed);
    killed.signal('SIGKILL');
    await killed.ended();
    await oneHolderOf([next]);
    await isAlone(cluster, nodes, next);
    killed.start();
    await until(
      () => statusOf(killed)?.store?.answers === true,
      () => journals(nodes),
      40_000,
    );
    assert.equal(isOpen(killed), false);
    assert.ok(isOpen(next));
  });

  it('keeps a frozen holder silent, and lets it not go on when it thaws', async () => {
    const { cluster, nodes } = get();
    const frozen = await oneHolderOf(nodes);
    const next = other(nodes, frozen);
    const before = frozen.journal.length;
    frozen.signal('SIGSTOP');
    try {
      await oneHolderOf([next]);
      await isAlone(cluster, nodes, next);
      frozen.signal('SIGCONT');
      await until(
        () => frozen.journal.slice(before).some(({ what }) => what === 'lost'),
        () => journals(nodes),
        40_000,
      );
      assert.equal(isOpen(frozen), false);
      await isAlone(cluster, nodes, next);
    } finally {
      frozen.signal('SIGCONT');
    }
  });

  it('hands over on standby without waiting for a lease', async () => {
    const { cluster, nodes } = get();
    const holder = await oneHolderOf(nodes);
    const lostBefore = holder.journal.filter(({ what }) => what === 'lost').length;
    await until(
      () => statusOf(holder)?.nodes.every(({ state }) => state === 'self' || state === 'up') === true,
      () => journals(nodes),
      40_000,
    );
    assert.match(holder.musterd('standby'), /holds nothing/);
    const next = await oneHolderOf(nodes);
    assert.notEqual(next, holder);
    assert.match(next.status().groups[0]!.reason, /handed it over/);
    assert.equal(holder.journal.filter(({ what }) => what === 'lost').length, lostBefore);
    holder.musterd('online');
    // What still comes to the last holder is passed on until its lease would have been over.
    await until(
      () => answering(cluster, nodes, virtualIp).join() === next.name,
      () => journals(nodes),
      40_000,
    );
  });
}

describe('a lease store: etcd', function () {
  this.timeout(140_000);
  let cluster: TestCluster;
  let nodes: readonly TestNode[];
  let etcd: ChildProcess;
  const data = mkdtempSync(join(tmpdir(), 'muster-etcd-'));
  const url = 'http://10.77.0.13:2379';

  const startEtcd = (): ChildProcess => {
    const peer = 'http://10.77.0.13:2380';
    const options = [
      '--name',
      'one',
      '--data-dir',
      data,
      '--logger',
      'zap',
      '--log-level',
      'error',
      '--enable-v2=false',
    ];
    const urls = ['--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peer];
    const first = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`];
    return cluster.nodes[2]!.spawn([etcdProgram(), ...options, ...urls, ...first]);
  };

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    // The first endpoint never answers: the next one is asked.
    const store = `lease: 2s\nstore: { kind: etcd, endpoints: ['http://10.77.0.13:1', '${url}'] }\n`;
    cluster = await createCluster({ files: filesWith(store) });
    nodes = cluster.nodes.slice(0, 2);
    etcd = startEtcd();
    for (const node of nodes) node.start();
  });
  beforeEach(async () => {
    if (nodes.some(({ pid }) => pid !== undefined)) await restored(nodes);
  });
  afterEach(function () {
    tellFailure(this, nodes);
  });
  after(async () => {
    await cluster?.remove();
    rmSync(data, { recursive: true, force: true });
  });

  behaves(() => ({ cluster, nodes }));

  it('costs the holder its groups when only that one cannot reach it', async () => {
    const holder = await oneHolderOf(nodes);
    const next = other(nodes, holder);
    holder.run('ip', 'route', 'add', 'blackhole', '10.77.0.13/32');
    try {
      await oneHolderOf([next]);
      await until(
        () => !isOpen(holder),
        () => journals(nodes),
        40_000,
      );
      await isAlone(cluster, nodes, next);
      // It learns it from the other's beats.
      await until(
        () => /node\d holds its lease/.test(statusOf(holder)?.groups[0]?.reason ?? ''),
        () => journals(nodes),
        40_000,
      );
    } finally {
      holder.run('ip', 'route', 'del', 'blackhole', '10.77.0.13/32');
    }
  });

  it('leaves every node silent while it is lost, and all comes back by itself', async () => {
    await oneHolderOf(nodes);
    await stopped(etcd);
    await until(
      () => nodes.every((node) => !isOpen(node)),
      () => journals(nodes),
      40_000,
    );
    assert.deepEqual(answering(cluster, nodes, virtualIp), []);
    await until(
      () => nodes.every((node) => statusOf(node)?.quorum.quorate === false),
      () => journals(nodes),
      40_000,
    );
    await until(
      () => /etcd does not answer/.test(statusOf(nodes[0]!)?.groups[0]?.reason ?? ''),
      () => journals(nodes),
      40_000,
    );
    etcd = startEtcd();
    const holder = await oneHolderOf(nodes);
    await isAlone(cluster, nodes, holder);
    // Who does not hold asks less often.
    const said = (text: RegExp): boolean =>
      nodes.every(({ journal }) => journal.some(({ what, why }) => what === 'store' && text.test(why ?? '')));
    await until(
      () => said(/etcd does not answer/) && said(/^etcd answers again$/),
      () => journals(nodes),
      40_000,
    );
  });
});

describe('a lease store: a quorum disk', function () {
  this.timeout(140_000);
  let cluster: TestCluster;
  let nodes: readonly TestNode[];
  const directory = mkdtempSync(join(tmpdir(), 'muster-disk-'));
  const image = join(directory, 'disk');
  let device = '';

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    writeFileSync(image, '');
    truncateSync(image, 1_048_576);
    device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim();
    cluster = await createCluster({ files: filesWith(`lease: 2s\nstore: { kind: disk, device: ${device} }\n`) });
    nodes = cluster.nodes.slice(0, 2);
  });
  beforeEach(async () => {
    if (nodes.some(({ pid }) => pid !== undefined)) await restored(nodes);
  });
  afterEach(function () {
    tellFailure(this, nodes);
  });
  after(async () => {
    await cluster?.remove();
    if (device !== '') execFileSync('losetup', ['-d', device]);
    rmSync(directory, { recursive: true, force: true });
  });

  it('holds nothing before it is made one, and says how', async () => {
    for (const node of nodes) node.start();
    const said = (): boolean =>
      nodes.every(({ journal }) => journal.some(({ why }) => /musterd format-disk/.test(why!)));
    await until(said, () => journals(nodes), 40_000);
    assert.ok(nodes.every((node) => !isOpen(node)));
    assert.match(nodes[0]!.musterd('format-disk'), /is now the quorum disk of cluster linux-ha/);
    assert.match(nodes[1]!.musterd('format-disk'), /every node has its place/);
  });

  behaves(() => ({ cluster, nodes }));

  it('leaves every node silent while its content is lost, and refuses what is not its own', async () => {
    await oneHolderOf(nodes);
    execFileSync('dd', ['if=/dev/urandom', `of=${device}`, 'bs=4096', 'count=1', 'oflag=direct', 'status=none']);
    await until(
      () => nodes.every((node) => !isOpen(node)),
      () => journals(nodes),
      40_000,
    );
    assert.deepEqual(answering(cluster, nodes, virtualIp), []);
    assert.throws(() => nodes[0]!.musterd('format-disk'), /something else is on it/);
    for (const node of nodes) {
      node.signal('SIGTERM');
      assert.equal(await node.ended(), 0);
    }
    nodes[0]!.musterd('format-disk', '--force');
    for (const node of nodes) node.start();
    const holder = await oneHolderOf(nodes);
    await isAlone(cluster, nodes, holder);
  });
});
