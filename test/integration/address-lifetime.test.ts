import assert from 'node:assert/strict';
import { journals as journalsOf, restored, statusOf, tellFailure } from './supervisor/holders.ts';
import {
  createCluster,
  type TestCluster,
  type TestNode,
  until,
  virtualIp,
  virtualIp6,
} from './supervisor/namespaces.ts';

const haCf = `node node1 node2 node3
keepalive 200ms
warntime 500ms
deadtime 1
initdead 2
udpport 694
auto_failback off
ucast eth0 10.77.0.11
ucast eth0 10.77.0.12
ucast eth0 10.77.0.13
`;

const onDevice = (node: TestNode, device = 'eth0', address: string = virtualIp): boolean =>
  node.run('ip', '-o', 'addr', 'show', 'dev', device).includes(` ${address}/`);

describe('musterds without a packet filter', function () {
  this.timeout(240_000);
  let cluster: TestCluster;

  const journals = (): string => journalsOf(cluster.nodes);

  async function holderBut(except?: TestNode): Promise<TestNode> {
    const others = cluster.nodes.filter((node) => node !== except);
    let found: TestNode | undefined;
    const settled = (): boolean => {
      found = others.find((node) => statusOf(node)?.groups[0]?.gateOpen === true && onDevice(node));
      return found !== undefined;
    };
    await until(settled, journals, 40_000);
    return found!;
  }

  /**
   * Waits for `condition` and never sees the address on two nodes meanwhile. Nodes are read one after the other, so only
   * those count that had it both before and after the others were read.
   */
  async function neverTwo(condition: () => boolean): Promise<void> {
    const having = (): string[] => cluster.nodes.filter((node) => onDevice(node)).map(({ name }) => name);
    await until(
      () => {
        const before = having();
        const after = having();
        const both = before.filter((name) => after.includes(name));
        assert.ok(both.length < 2, `${both.join(' and ')} had ${virtualIp} in one instant\n${journals()}`);
        return condition();
      },
      journals,
      40_000,
    );
  }

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster({
      files: { 'ha.cf': haCf, 'muster.yml': 'lease: 3s\n' },
      options: ['--without-nftables'],
    });
    for (const node of cluster.nodes) node.start();
  });
  beforeEach(() => restored(cluster.nodes));
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(() => cluster?.remove());

  it('have the address on the device of one node only, with a lifetime shorter than the lease, and nowhere on lo', async () => {
    const holder = await holderBut();
    for (const address of [virtualIp, virtualIp6]) {
      const line = holder
        .run('ip', '-o', 'addr', 'show', 'dev', 'eth0')
        .split('\n')
        .find((one) => one.includes(` ${address}/`));
      assert.match(line ?? '', /valid_lft [0-2]sec/);
    }
    for (const node of cluster.nodes) {
      assert.ok(!onDevice(node, 'lo') && !onDevice(node, 'lo', virtualIp6), node.name);
      if (node !== holder) assert.ok(!onDevice(node), node.name);
      assert.doesNotMatch(node.run('nft', 'list', 'tables'), /muster/);
    }
    cluster.client('ping', '-c', '1', '-W', '2', virtualIp);
    cluster.client('ping', '-c', '1', '-W', '2', virtualIp6);
  });

  it('say so in status and journal', async () => {
    const holder = await holderBut();
    assert.equal(holder.status().groups[0]!.protection, 'address-lifetime');
    assert.match(holder.musterd('status'), /protected by the address's lifetime \(no packet filter\)/);
    assert.ok(holder.journal.some(({ what, why }) => what === 'protection' && /in whole seconds/.test(why ?? '')));
  });

  it('keep it while nothing happens', async () => {
    const holder = await holderBut();
    const lost = (): number => holder.status().counters.lost ?? 0;
    const before = lost();
    for (let look = 0; look < 40; look++) {
      assert.ok(onDevice(holder), journals());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(lost(), before);
  });

  it('lose it by the kernel alone when their musterd is killed, before another has it', async () => {
    const killed = await holderBut();
    killed.signal('SIGKILL');
    await killed.ended();
    await neverTwo(() => cluster.nodes.some((node) => node !== killed && onDevice(node)));
    assert.ok(!onDevice(killed));
    killed.start();
    await until(() => statusOf(killed)?.quorum.quorate === true, journals, 30_000);
    assert.ok(!onDevice(killed));
  });

  it('lose it when their musterd is stopped, and do not get it back when it goes on', async () => {
    const stopped = await holderBut();
    stopped.signal('SIGSTOP');
    await neverTwo(() => cluster.nodes.some((node) => node !== stopped && onDevice(node)));
    stopped.signal('SIGCONT');
    const seen = (): boolean => statusOf(stopped)?.groups[0]?.holder !== stopped.name;
    await neverTwo(() => statusOf(stopped) !== undefined && seen());
    assert.ok(!onDevice(stopped));
  });

  it('hand it over on standby, never on two', async () => {
    const holder = await holderBut();
    holder.musterd('standby');
    await neverTwo(() => cluster.nodes.some((node) => node !== holder && onDevice(node)));
    assert.ok(!onDevice(holder));
    holder.musterd('online');
  });
});

describe('a musterd without a packet filter and with a short lease', function () {
  this.timeout(60_000);
  let cluster: TestCluster;
  before(async () => {
    cluster = await createCluster({ options: ['--without-nftables'] });
  });
  after(() => cluster?.remove());

  it('does not start, and says what would help', async () => {
    const node = cluster.nodes[0]!;
    node.start();
    assert.equal(await node.ended(), 65);
    await until(
      () => node.journal.length > 1,
      () => JSON.stringify(node.journal),
    );
    const said = node.journal.map(({ why }) => why).join('\n');
    assert.match(said, /Cannot protect the addresses by their lifetime as the lease must be 3 s or longer: it is 1 s/);
    assert.match(said, /hint: nftables on a kernel of 5\.16 or later, or "lease: 4s"/);
  });
});
