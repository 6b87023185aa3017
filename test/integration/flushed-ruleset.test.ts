import assert from 'node:assert/strict';
import { join } from 'node:path';
import { answering, journals, oneHolderOf, statusOf } from './supervisor/holders.ts';
import {
  createCluster,
  type TestCluster,
  type TestNode,
  until,
  virtualIp,
  virtualIp6,
} from './supervisor/namespaces.ts';

const echo = join(import.meta.dirname, 'supervisor/echo.mjs');
const probe = join(import.meta.dirname, 'supervisor/probe.mjs');
const port = '7777';
const addresses = [virtualIp, virtualIp6];

interface Watch {
  /** Who accepted a datagram since this watch began. */
  readonly accepted: Set<string>;
  stop(): Promise<void>;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends datagrams for the virtual IPs to this node's MAC each 2 ms, whoever holds them; resolves when they flow. */
async function sendTo(cluster: TestCluster, { mac }: TestNode): Promise<Watch> {
  for (const address of addresses)
    cluster.client('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
  const accepted = new Set<string>();
  const programs = addresses.map((address) =>
    cluster.watch([process.execPath, probe, address, port, '2'], (line) =>
      accepted.add((JSON.parse(line) as { node: string }).node),
    ),
  );
  const sent = (): number => Number(cluster.client('cat', '/sys/class/net/eth0/statistics/tx_packets'));
  const before = sent();
  await until(
    () => sent() > before + 100,
    () => 'the client sends nothing',
  );
  return {
    accepted,
    stop: async () => {
      // What is under way arrives.
      await pause(100);
      await Promise.all(
        programs.map(
          (program) =>
            new Promise((resolve) => {
              program.once('exit', resolve);
              program.kill('SIGKILL');
            }),
        ),
      );
      for (const address of addresses) cluster.client('ip', 'neigh', 'del', address, 'dev', 'eth0');
    },
  };
}

/** Ways to take the gate away. */
const removals = [
  ['nft', 'flush', 'ruleset'],
  ['nft', 'delete', 'table', 'netdev', 'muster'],
] as const;

describe('a ruleset that somebody flushes', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  const others = (node: TestNode): TestNode[] => cluster.nodes.filter((other) => other !== node);
  const seen = (): string => journals(cluster.nodes);
  const lost = ({ journal }: TestNode): number => journal.filter(({ what }) => what === 'gate-lost').length;

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster();
    for (const node of cluster.nodes) node.start();
    await oneHolderOf(cluster.nodes);
    for (const node of cluster.nodes) node.spawn([process.execPath, echo, node.name, port, ...addresses]);
  });
  after(() => cluster?.remove());

  it('is what a holder accepts frames by', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const watch = await sendTo(cluster, holder);
    await until(() => watch.accepted.has(holder.name), seen);
    await watch.stop();
    assert.deepEqual([...watch.accepted], [holder.name]);
  });

  it('leaves a standby shut for every frame, also while its musterd hangs', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const standby = others(holder)[0]!;
    // It is to take nothing over, however slow this machine is: then what it accepts would be right.
    standby.musterd('standby');
    const watch = await sendTo(cluster, standby);
    for (const removal of removals) {
      const before = lost(standby);
      standby.run(...removal);
      await until(() => lost(standby) > before, seen);
      standby.signal('SIGSTOP');
      try {
        standby.run(...removal);
        assert.ok(!standby.run('nft', 'list', 'tables').includes('netdev muster\n'));
        await pause(500);
      } finally {
        standby.signal('SIGCONT');
      }
      await until(() => lost(standby) > before + 1, seen);
    }
    await watch.stop();
    assert.deepEqual([...watch.accepted], [], seen());
    assert.throws(() => standby.run('nft', 'delete', 'table', 'netdev', 'muster-backstop'));
    standby.musterd('online');
  });

  it('stands again with the peers whose frames are delivered, which the backstop knows too', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const standby = others(holder)[0]!;
    await until(() => standby.run('nft', 'list', 'set', 'netdev', 'muster', 'peers').includes(holder.mac), seen);
    assert.ok(standby.run('nft', 'list', 'set', 'netdev', 'muster-backstop', 'peers').includes(holder.mac));
  });

  it('shuts a holder until it has a fresh grant, and one that hangs for good', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    for (const removal of removals) {
      const before = lost(holder);
      holder.run(...removal);
      await until(() => lost(holder) > before, seen);
      await oneHolderOf(cluster.nodes);
    }
    const frozen = await oneHolderOf(cluster.nodes);
    frozen.signal('SIGSTOP');
    try {
      frozen.run('nft', 'flush', 'ruleset');
      const watch = await sendTo(cluster, frozen);
      await oneHolderOf(others(frozen));
      await watch.stop();
      assert.deepEqual([...watch.accepted], [], seen());
    } finally {
      frozen.signal('SIGCONT');
    }
    await until(() => frozen.journal.some(({ what }) => what === 'lost'), seen);
    const holders = [await oneHolderOf(cluster.nodes)].map(({ name }) => name);
    assert.deepEqual(answering(cluster, cluster.nodes, virtualIp), holders);
  });

  it('leaves nothing behind a musterd that is killed or stopped but its shut gate', async () => {
    const [killed, stopped] = others(await oneHolderOf(cluster.nodes)) as [TestNode, TestNode];
    const watch = await sendTo(cluster, killed);
    killed.signal('SIGKILL');
    await killed.ended();
    const tables = (node: TestNode): string => node.run('nft', 'list', 'tables');
    await until(
      () => tables(killed) === 'table netdev muster\n',
      () => tables(killed),
    );
    await watch.stop();
    assert.deepEqual([...watch.accepted], [], seen());
    killed.start();
    await until(() => statusOf(killed)?.quorum.quorate === true, seen, 30_000);
    await until(
      () => tables(killed).includes('muster-backstop'),
      () => tables(killed),
    );
    stopped.signal('SIGTERM');
    assert.equal(await stopped.ended(), 0);
    assert.equal(tables(stopped), 'table netdev muster\n');
    assert.ok(
      cluster.nodes.every(({ journal }) => !journal.some(({ what }) => what === 'protection')),
      seen(),
    );
  });
});
