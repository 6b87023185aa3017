import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  answering,
  holderAnswers,
  journals,
  oneHolderOf,
  restored,
  statusOf,
  tellFailure,
} from './supervisor/holders.ts';
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

const onDevice = (node: TestNode): boolean =>
  node.run('ip', '-o', 'addr', 'show', 'dev', 'eth0').includes(`${virtualIp}/`);

describe('three musterds in network namespaces', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  let holder: TestNode;
  const others = (...but: readonly TestNode[]): TestNode[] => cluster.nodes.filter((node) => !but.includes(node));
  const waitFor = (condition: () => boolean): Promise<void> => until(condition, () => journals(cluster.nodes), 40_000);
  const said = (node: TestNode, what: string, from: number): boolean =>
    node.journal.slice(from).some((line) => line.what === what);

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster();
    for (const node of cluster.nodes) node.start();
    await oneHolderOf(cluster.nodes);
    for (const node of cluster.nodes) node.spawn([process.execPath, echo, node.name, port, virtualIp, virtualIp6]);
  });
  beforeEach(async () => {
    holder = await restored(cluster.nodes);
  });
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(() => cluster?.remove());

  it('hold the address on one node, quorate, with the lease granted by a majority', async () => {
    const status = holder.status();
    assert.equal(status.quorum.quorate, true);
    assert.ok(status.groups[0]!.votes.length >= 2);
    await waitFor(() => onDevice(holder));
    for (const node of cluster.nodes) {
      assert.ok(node.run('ip', '-o', 'addr', 'show', 'dev', 'lo').includes(`${virtualIp}/32`));
      if (node !== holder) assert.ok(!onDevice(node));
    }
  });

  it('answer for it on that node alone, whichever MAC a client asks, in IPv4 and IPv6', async () => {
    await holderAnswers(cluster, cluster.nodes, virtualIp);
    const answers = await holderAnswers(cluster, cluster.nodes, virtualIp6);
    cluster.client('ping', '-c', '1', '-W', '5', virtualIp);
    cluster.client('ping', '-c', '1', '-W', '5', virtualIp6);
    const learned = cluster.client('ip', 'neigh', 'show', virtualIp);
    assert.ok(learned.includes(answers.mac), learned);
  });

  it('refuse a second musterd on a node', () => {
    const [node] = cluster.nodes;
    assert.throws(() => node!.musterd('run'), /only one may run on a node/);
  });

  it('keep a node silent after kill -9 of its musterd, by the kernel, and go on elsewhere', async () => {
    const killed = holder;
    killed.signal('SIGKILL');
    await killed.ended();
    await oneHolderOf(others(killed));
    assert.deepEqual(answering(cluster, [killed], virtualIp), []);
    await holderAnswers(cluster, others(killed), virtualIp);
    await waitFor(() => !onDevice(killed));
    killed.start();
    await waitFor(() => statusOf(killed)?.quorum.quorate === true);
    assert.ok(killed.status().groups[0]!.holder !== killed.name);
  });

  it('are silent on a node whose musterd is stopped, and let it not go on when it continues', async () => {
    const frozen = holder;
    const before = frozen.journal.length;
    frozen.signal('SIGSTOP');
    try {
      await oneHolderOf(others(frozen));
      assert.deepEqual(answering(cluster, [frozen], virtualIp), []);
      await holderAnswers(cluster, others(frozen), virtualIp);
    } finally {
      frozen.signal('SIGCONT');
    }
    await waitFor(() => said(frozen, 'lost', before));
    await holderAnswers(cluster, cluster.nodes, virtualIp);
  });

  it('render the gate again, shut, after a flush of the ruleset, and open it only by a fresh grant', async () => {
    for (const node of [holder, others(holder)[0]!]) {
      const before = node.journal.length;
      node.run('nft', 'flush', 'ruleset');
      await waitFor(() => said(node, 'gate-lost', before));
      await holderAnswers(cluster, cluster.nodes, virtualIp);
      assert.ok(node.run('nft', 'list', 'table', 'netdev', 'muster').includes('chain ingress-eth0'));
    }
  });

  it('hand over on standby without losing the address', async () => {
    holder.musterd('standby');
    const next = await holderAnswers(cluster, cluster.nodes, virtualIp);
    assert.notEqual(next, holder);
    assert.equal(holder.status().standby, true);
    holder.musterd('online');
    assert.equal(holder.status().standby, false);
  });

  it('hand over on SIGTERM, and leave the network with the gate shut', async () => {
    holder.signal('SIGTERM');
    assert.equal(await holder.ended(), 0);
    assert.ok(!onDevice(holder));
    await holderAnswers(cluster, others(holder), virtualIp);
    const granted = holder.run('nft', 'list', 'map', 'netdev', 'muster', 'granted4');
    assert.ok(granted.includes('type ipv4_addr : mark') && !granted.includes(virtualIp), granted);
  });

  it('say why a group is where it is', () => {
    const text = holder.musterd('explain');
    assert.match(text, new RegExp(`\\* ${holder.name} +holds it +`));
    assert.match(text, /by the votes of .*; protected by the kernel's gate, open on/);
    const group = holder.status().groups[0]!;
    assert.deepEqual(
      new Set(group.candidates!.map(({ node }) => node)),
      new Set(cluster.nodes.map(({ name }) => name)),
    );
    assert.throws(
      () => holder.musterd('explain', 'nothing'),
      /Cannot explain "nothing" as it must be a resource group/,
    );
    assert.throws(() => holder.musterd('journal', 'nothing'), /Cannot show the journal of "nothing"/);
  });

  it('write down who votes, keep to it, and refuse a change that would leave nobody to take over', async () => {
    assert.match(holder.musterd('reconfigure'), /vote as of epoch 1/);
    const epochs = (): (number | undefined)[] => cluster.nodes.map((node) => node.status().quorum.epoch);
    await until(
      () => epochs().every((epoch) => epoch === 1),
      () => `epochs ${epochs().join(', ')}`,
      40_000,
    );
    const other = cluster.nodes.find(({ name }) => name !== holder.name)!;
    assert.throws(() => holder.musterd('reconfigure', '--remove', other.name), /two voters with no third/);
    assert.throws(() => holder.musterd('reconfigure', '--add', 'node9'), /does not know "node9"/);
    assert.equal((await oneHolderOf(cluster.nodes)).name, holder.name, 'nothing has moved');
  });

  it('are examined without a trace: the doctor tries the kernel in a namespace of its own', async () => {
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
