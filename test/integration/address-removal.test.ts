import assert from 'node:assert/strict';
import { answering, journals, oneHolderOf, statusOf } from './supervisor/holders.ts';
import {
  createCluster,
  type TestCluster,
  type TestNode,
  until,
  virtualIp,
  virtualIp6,
} from './supervisor/namespaces.ts';

const removed = ['10.77.0.101', 'fd00:77::101'] as const;
const first = `node1 IPaddr2::${virtualIp}/24/eth0 IPv6addr::${virtualIp6}/64/eth0\n`;
const second = `node1 IPaddr2::${removed[0]}/24/eth0 IPv6addr::${removed[1]}/64/eth0\n`;

const on = (node: TestNode, device: string): string => node.run('ip', '-o', 'addr', 'show', 'dev', device);
const has = (node: TestNode, device: string, address: string): boolean => on(node, device).includes(` ${address}/`);
const runs = (node: TestNode): boolean => statusOf(node) !== undefined;

describe('addresses that the configuration has no more, or no majority for', function () {
  this.timeout(120_000);
  let cluster: TestCluster;

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster({
      files: { haresources: first + second, 'muster.yml': 'lease: 200ms\nno_quorum: freeze\n' },
    });
    for (const node of cluster.nodes) node.start();
    await oneHolderOf(cluster.nodes);
  });
  after(() => cluster?.remove());

  it('leave lo and the network device when musterd starts again, also after kill -9; what is not ours stays', async () => {
    const seen = (): string =>
      `${journals(cluster.nodes)}\n${cluster.nodes.map((node) => on(node, 'eth0')).join('\n')}`;
    for (const node of cluster.nodes) for (const address of removed) await until(() => has(node, 'lo', address), seen);
    let holder: TestNode | undefined;
    await until(() => {
      holder = cluster.nodes.find((node) => removed.every((address) => has(node, 'eth0', address)));
      return holder !== undefined;
    }, seen);
    const other = cluster.nodes.find((node) => node !== holder)!;
    other.run('ip', 'addr', 'add', `${removed[0]}/24`, 'dev', 'eth0');
    for (const node of cluster.nodes) {
      node.signal('SIGKILL');
      await node.ended();
    }
    for (const node of cluster.nodes) {
      node.configure('haresources', first);
      node.start();
    }
    for (const node of cluster.nodes) {
      await until(() => runs(node) && has(node, 'lo', virtualIp) && has(node, 'lo', virtualIp6), seen);
      for (const address of removed) assert.ok(!has(node, 'lo', address), `${node.name} lo: ${on(node, 'lo')}`);
      if (node !== other) assert.ok(!has(node, 'eth0', removed[0]), `${node.name} eth0: ${on(node, 'eth0')}`);
      assert.ok(!has(node, 'eth0', removed[1]), `${node.name} eth0: ${on(node, 'eth0')}`);
    }
    assert.ok(has(other, 'eth0', removed[0]), 'an address without a lifetime is not one that musterd put there');
    other.run('ip', 'addr', 'del', `${removed[0]}/24`, 'dev', 'eth0');
    await oneHolderOf(cluster.nodes);
  });

  it('stay behind a shut gate with no_quorum freeze, while nobody hears anybody', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    await until(
      () => has(holder, 'eth0', virtualIp),
      () => on(holder, 'eth0'),
    );
    const isolate = (state: 'on' | 'off'): void => {
      for (const { name } of cluster.nodes)
        cluster.onSwitch('bridge', 'link', 'set', 'dev', `p-${name}`, 'isolated', state);
    };
    isolate('on');
    await until(
      () => cluster.nodes.every((node) => statusOf(node)?.quorum.quorate === false),
      () => journals(cluster.nodes),
    );
    assert.equal(holder.status().groups[0]!.gateOpen, false);
    assert.deepEqual(answering(cluster, cluster.nodes, virtualIp), []);
    // Longer than an address stays that nobody renews.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    assert.ok(has(holder, 'eth0', virtualIp), on(holder, 'eth0'));
    assert.deepEqual(answering(cluster, cluster.nodes, virtualIp), []);
    isolate('off');
    const again = await oneHolderOf(cluster.nodes);
    await until(
      () => cluster.nodes.every((node) => has(node, 'eth0', virtualIp) === (node === again)),
      () => journals(cluster.nodes),
    );
  });

  it("are never a node's own: musterd does not start, and the node keeps it", async () => {
    const node = cluster.nodes[0]!;
    node.signal('SIGKILL');
    await node.ended();
    node.configure('haresources', `node1 IPaddr2::${node.address}/24/eth0\n`);
    node.start();
    assert.equal(await node.ended(), 65);
    assert.ok(has(node, 'eth0', node.address), on(node, 'eth0'));
    cluster.client('ping', '-c1', '-W5', node.address);
    node.configure('haresources', first);
    node.start();
    await until(
      () => runs(node),
      () => journals(cluster.nodes),
    );
  });
});
