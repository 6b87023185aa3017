import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Status } from '../../src/wire/status.ts';
import {
  createCluster,
  type TestCluster,
  type TestNode,
  until,
  virtualIp,
  virtualIp6,
} from './supervisor/namespaces.ts';

const echo = join(import.meta.dirname, 'supervisor/echo.mjs');
const port = '7777';

/** The nodes that say that their gate is open, by their own musterd. */
function open(cluster: TestCluster): TestNode[] {
  return cluster.nodes.filter((node) => statusOf(node)?.groups[0]?.gateOpen === true);
}

function statusOf(node: TestNode): Status | undefined {
  try {
    return node.status();
  } catch {
    return undefined;
  }
}

const journals = (cluster: TestCluster): string =>
  cluster.nodes
    .map(({ name, journal }) => `${name}: ${journal.map(({ what, why }) => `${what}: ${why}`).join(' | ')}`)
    .join('\n');

async function oneHolder(cluster: TestCluster, except?: TestNode): Promise<TestNode> {
  let holders: TestNode[] = [];
  const settled = (): boolean => {
    holders = open(cluster).filter((node) => node !== except);
    return holders.length === 1;
  };
  await until(settled, () => journals(cluster), 30_000);
  return holders[0]!;
}

/** Which of these MACs answer for the virtual IP when a client asks each of them for itself. */
function answering(cluster: TestCluster, address: string): string[] {
  return cluster.nodes
    .filter(({ mac }) => {
      cluster.client('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
      try {
        cluster.client('ping', '-c', '1', '-W', '1', address);
        return true;
      } catch {
        return false;
      } finally {
        cluster.client('ip', 'neigh', 'del', address, 'dev', 'eth0');
      }
    })
    .map(({ name }) => name);
}

const onDevice = (node: TestNode): boolean =>
  node.run('ip', '-o', 'addr', 'show', 'dev', 'eth0').includes(`${virtualIp}/`);

describe('three musterds in network namespaces', function () {
  this.timeout(120_000);
  let cluster: TestCluster;

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster();
    for (const node of cluster.nodes) node.start();
    await oneHolder(cluster);
    for (const node of cluster.nodes) node.spawn([process.execPath, echo, node.name, port, virtualIp, virtualIp6]);
  });
  after(() => cluster?.remove());

  it('hold the address on one node, quorate, with the lease granted by a majority', async () => {
    const holder = await oneHolder(cluster);
    const status = holder.status();
    assert.equal(status.quorum.quorate, true);
    assert.ok(status.groups[0]!.votes.length >= 2);
    assert.ok(onDevice(holder));
    for (const node of cluster.nodes) {
      assert.ok(node.run('ip', '-o', 'addr', 'show', 'dev', 'lo').includes(`${virtualIp}/32`));
      if (node !== holder) assert.ok(!onDevice(node));
    }
  });

  it('answer for it on that node alone, whichever MAC a client asks, in IPv4 and IPv6', async () => {
    const holder = await oneHolder(cluster);
    assert.deepEqual(answering(cluster, virtualIp), [holder.name]);
    assert.deepEqual(answering(cluster, virtualIp6), [holder.name]);
    cluster.client('ping', '-c', '1', '-W', '2', virtualIp);
    cluster.client('ping', '-c', '1', '-W', '2', virtualIp6);
    const learned = cluster.client('ip', 'neigh', 'show', virtualIp);
    assert.ok(learned.includes(holder.mac), learned);
  });

  it('refuse a second musterd on a node', () => {
    const [node] = cluster.nodes;
    assert.throws(() => node!.musterd('run'), /only one may run on a node/);
  });

  it('keep a node silent after kill -9 of its musterd, by the kernel, and go on elsewhere', async () => {
    const killed = await oneHolder(cluster);
    killed.signal('SIGKILL');
    await killed.ended();
    const next = await oneHolder(cluster, killed);
    // The address comes on the device right after the gate is open.
    await until(
      () => answering(cluster, virtualIp).includes(next.name),
      () => journals(cluster),
    );
    assert.deepEqual(answering(cluster, virtualIp), [next.name]);
    await until(
      () => !onDevice(killed),
      () => 'the address is still on the network device',
      10_000,
    );
    killed.start();
    await until(
      () => statusOf(killed)?.quorum.quorate === true,
      () => journals(cluster),
      30_000,
    );
    assert.ok(killed.status().groups[0]!.holder !== killed.name);
  });

  it('are silent on a node whose musterd is stopped, and let it not go on when it continues', async () => {
    const frozen = await oneHolder(cluster);
    frozen.signal('SIGSTOP');
    try {
      const next = await oneHolderBut(cluster, frozen);
      assert.deepEqual(answering(cluster, virtualIp), [next.name]);
      frozen.signal('SIGCONT');
      await until(
        () => frozen.journal.some(({ what }) => what === 'lost'),
        () => journals(cluster),
      );
      const holder = await oneHolder(cluster);
      assert.deepEqual(answering(cluster, virtualIp), [holder.name]);
    } finally {
      frozen.signal('SIGCONT');
    }
  });

  it('render the gate again, shut, after a flush of the ruleset, and open it only by a fresh grant', async () => {
    const holder = await oneHolder(cluster);
    const before = holder.journal.length;
    holder.run('nft', 'flush', 'ruleset');
    await until(
      () => holder.journal.slice(before).some(({ what }) => what === 'gate-lost'),
      () => journals(cluster),
    );
    assert.deepEqual(answering(cluster, virtualIp), [(await oneHolder(cluster)).name]);
    const standby = cluster.nodes.find((node) => node.name !== holder.name)!;
    const seen = standby.journal.length;
    standby.run('nft', 'flush', 'ruleset');
    await until(
      () => standby.journal.slice(seen).some(({ what }) => what === 'gate-lost'),
      () => journals(cluster),
    );
    assert.ok(standby.run('nft', 'list', 'table', 'netdev', 'muster').includes('chain ingress-eth0'));
  });

  it('hand over on standby without losing the address', async () => {
    const holder = await oneHolder(cluster);
    holder.musterd('standby');
    const next = await oneHolder(cluster);
    assert.notEqual(next, holder);
    assert.equal(holder.status().standby, true);
    assert.deepEqual(answering(cluster, virtualIp), [next.name]);
    holder.musterd('online');
    assert.equal(holder.status().standby, false);
  });

  it('hand over on SIGTERM, and leave the network with the gate shut', async () => {
    const leaving = await oneHolder(cluster);
    leaving.signal('SIGTERM');
    assert.equal(await leaving.ended(), 0);
    assert.ok(!onDevice(leaving));
    const next = await oneHolder(cluster, leaving);
    assert.deepEqual(answering(cluster, virtualIp), [next.name]);
    assert.ok(leaving.run('nft', 'list', 'map', 'netdev', 'muster', 'granted4').includes('type ipv4_addr : mark'));
    assert.ok(!leaving.run('nft', 'list', 'map', 'netdev', 'muster', 'granted4').includes(virtualIp));
    leaving.start();
    await until(
      () => statusOf(leaving)?.quorum.quorate === true,
      () => journals(cluster),
      30_000,
    );
  });

  it('say why a group is where it is', async () => {
    const holder = await oneHolder(cluster);
    const text = holder.musterd('explain');
    assert.match(text, new RegExp(`\\* ${holder.name} +holds it +`));
    assert.match(text, /by the votes of .*; protected by the kernel's gate, open on/);
    const group = holder.status().groups[0]!;
    assert.deepEqual(
      new Set(group.candidates!.map(({ node }) => node)),
      new Set(cluster.nodes.map(({ name }) => name)),
    );
    assert.throws(() => holder.musterd('explain', 'nothing'), /there is no group "nothing"/);
  });

  it('write down who votes, keep to it, and refuse a change that would leave nobody to take over', async () => {
    const holder = await oneHolder(cluster);
    assert.match(holder.musterd('reconfigure'), /vote as of epoch 1/);
    const epochs = (): (number | undefined)[] => cluster.nodes.map((node) => node.status().quorum.epoch);
    await until(
      () => epochs().every((epoch) => epoch === 1),
      () => `epochs ${epochs().join(', ')}`,
      20_000,
    );
    const other = cluster.nodes.find(({ name }) => name !== holder.name)!;
    assert.throws(() => holder.musterd('reconfigure', '--remove', other.name), /two voters with no third/);
    assert.throws(() => holder.musterd('reconfigure', '--add', 'node9'), /does not know "node9"/);
    assert.equal((await oneHolder(cluster)).name, holder.name, 'nothing has moved');
  });

  it('are examined without a trace: the doctor tries the kernel in a namespace of its own', async () => {
    const holder = await oneHolder(cluster);
    const lost = (): number => holder.journal.filter(({ what }) => what === 'gate-lost' || what === 'lost').length;
    const before = [holder.run('nft', 'list', 'tables'), holder.run('ip', '-o', 'addr', 'show', 'dev', 'lo'), lost()];
    const diagnosis = JSON.parse(holder.musterd('doctor', '--json'));
    assert.equal(diagnosis.protection.layer, 'gate');
    assert.deepEqual(
      diagnosis.addresses.map(({ address, layer }: { address: string; layer: string }) => `${address} ${layer}`),
      [`${virtualIp} gate`, `${virtualIp6} gate`],
    );
    const after = [holder.run('nft', 'list', 'tables'), holder.run('ip', '-o', 'addr', 'show', 'dev', 'lo'), lost()];
    assert.deepEqual(after, before);
  });

  it('write each decision as one line of JSON with its time, node and reason, and keep the latest for the node itself', async () => {
    const holder = await oneHolder(cluster);
    const kept = holder.musterd('journal', '--json').trim().split('\n');
    const lines = kept.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) {
      assert.equal(typeof line.time, 'number');
      assert.equal(line.node, holder.name);
      assert.ok(typeof line.what === 'string' && typeof line.why === 'string', JSON.stringify(line));
    }
    const takeover = lines.findLast(({ what }) => what === 'takeover')!;
    assert.equal(takeover.group, holder.status().groups[0]!.name);
    const written = holder.journal.findLast(({ what }) => what === 'takeover') as Record<string, unknown>;
    for (const key of ['node', 'group', 'why']) assert.equal(written[key], takeover[key]);
    assert.equal(typeof written.time, 'number');
  });
});

/** As oneHolder, where one node cannot be asked. */
async function oneHolderBut(cluster: TestCluster, mute: TestNode): Promise<TestNode> {
  const others = cluster.nodes.filter((node) => node !== mute);
  let holder: TestNode | undefined;
  await until(
    () => {
      holder = others.find((node) => statusOf(node)?.groups[0]?.gateOpen === true);
      return holder !== undefined;
    },
    () => journals(cluster),
    30_000,
  );
  return holder!;
}
