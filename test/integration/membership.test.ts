import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { LinkStatus } from '../../src/wire/status.ts';
import { journals, statusOf, tellFailure } from './supervisor/holders.ts';
import { createCluster, type TestCluster, type TestNode, until as untilSoon } from './supervisor/namespaces.ts';

/** Each look starts three processes: not so often that they keep the nodes from what is waited for. */
const until = (condition: () => boolean, seen: () => string, patience = 60_000): Promise<void> =>
  untilSoon(condition, seen, patience, 250);

/** Every node hears every other, and one of them holds the address. */
async function settled(cluster: TestCluster): Promise<TestNode> {
  let holders: TestNode[] = [];
  await until(
    () => {
      const seen = cluster.nodes.map(statusOf);
      const all = seen.every((status) => status?.nodes.every(({ state }) => state === 'self' || state === 'up'));
      holders = cluster.nodes.filter((_, index) => seen[index]?.groups[0]?.gateOpen === true);
      return all && holders.length === 1;
    },
    () => journals(cluster.nodes),
  );
  return holders[0]!;
}

/** What the journals of all nodes have said since `marks` that a loss of messages would have caused. */
function losses(cluster: TestCluster, marks: readonly number[]): string[] {
  const bad = ['node-dead', 'lost', 'quorum-lost', 'takeover', 'release', 'renewed-late'];
  return cluster.nodes.flatMap(({ name, journal }, index) =>
    journal
      .slice(marks[index])
      .flatMap(({ what, why }) => (bad.includes(what ?? '') ? [`${name} ${what}: ${why}`] : [])),
  );
}

const marksOf = (cluster: TestCluster): number[] => cluster.nodes.map(({ journal }) => journal.length);

/** How the kernel schedules the main thread of a musterd, and then all its others. */
function scheduled({ pid }: TestNode): { main: string; others: string[] } {
  const { stdout } = spawnSync('ps', ['-L', '-o', 'lwp=,cls=,rtprio=', '-p', String(pid)], { encoding: 'utf8' });
  const threads = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/));
  const classOf = ([, ...words]: string[]): string => words.join(' ');
  const others = threads.filter(([thread]) => thread !== String(pid));
  return { main: classOf(threads.find((thread) => !others.includes(thread))!), others: others.map(classOf) };
}

describe('keys that change while three musterds run', function () {
  this.timeout(300_000);
  let cluster: TestCluster;
  const [first, second] = ['1 sha1 an-old-secret-of-heartbeat', '2 sha256 the-next-secret'];

  before(async () => {
    // Patient enough for a busy machine: what is lost here is to be lost by the keys alone.
    const links = [11, 12, 13].map((last) => `ucast eth0 10.77.0.${last}\n`).join('');
    const files = {
      'ha.cf': `node node1 node2 node3\nkeepalive 50ms\ndeadtime 3s\ninitdead 3s\nauto_failback off\nrtprio 7\n${links}`,
      'muster.yml': 'lease: 3s\n',
      authkeys: `auth 1\n${first}\n`,
    };
    cluster = await createCluster({ files });
    for (const node of cluster.nodes) node.start();
    await settled(cluster);
  });
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(() => cluster?.remove());

  it('run at the real-time priority of ha.cf, where the machine lets them', () => {
    const allowed = spawnSync('chrt', ['-f', '7', 'true']).status === 0;
    for (const node of cluster.nodes) {
      const { main, others } = scheduled(node);
      assert.deepEqual([main, others.includes('FF 8')], allowed ? ['FF 7', true] : ['TS -', false]);
    }
  });

  it('are rotated without the loss of one message: known everywhere, then signing, then the old one is gone', async () => {
    const holder = await settled(cluster);
    const marks = marksOf(cluster);
    const hashes = new Set<string>();
    for (const keys of [`auth 1\n${first}\n${second}\n`, `auth 2\n${first}\n${second}\n`, `auth 2\n${second}\n`]) {
      for (const node of cluster.nodes) {
        node.configure('authkeys', keys);
        node.musterd('reload');
      }
      await until(
        () => new Set(cluster.nodes.flatMap((node) => node.status().nodes.map((seen) => seen.configHash))).size === 1,
        () => 'the nodes do not say the same hash of their configuration',
      );
      hashes.add(cluster.nodes[0]!.status().configHash);
    }
    assert.equal(hashes.size, 3);
    assert.equal(await settled(cluster), holder);
    for (const node of cluster.nodes) {
      const { counters } = node.status();
      assert.equal(counters['unknown-key'], 0);
      assert.equal(counters.forged, 0);
    }
    assert.deepEqual(losses(cluster, marks), []);
  });

  it('are taken up on SIGHUP; what else has changed is refused by name, and a bad file changes nothing', async () => {
    const [node] = cluster.nodes as [TestNode];
    const before = node.journal.length;
    const hash = node.status().configHash;
    const said = (text: string): Promise<void> =>
      until(
        () => node.journal.slice(before).some(({ what, why }) => what === 'reload' && why!.includes(text)),
        () => journals(cluster.nodes),
      );
    node.signal('SIGHUP');
    await said('SIGHUP: musterd accepts key 2 (sha256), signs with 2');
    node.configure('authkeys', 'auth 3\n3 md5 worthless\n');
    assert.throws(() => node.musterd('reload'), /Cannot sign with key 3 as a secret must prove who speaks: md5/);
    node.configure('authkeys', `auth 2\n${second}\n`);
    node.configure('muster.yml', 'lease: 4s\n');
    node.signal('SIGHUP');
    await said('Cannot reload "muster.yml" as only authkeys is taken up while musterd runs: it has changed too');
    assert.throws(() => node.musterd('reload'), /Cannot reload "muster.yml"/);
    assert.equal(node.status().configHash, hash);
    await settled(cluster);
  });
});

describe('three musterds over two networks', function () {
  this.timeout(300_000);
  let cluster: TestCluster;
  const names = [
    'ucast eth0',
    'ucast6 eth1',
    'bcast eth1',
    'mcast eth1 239.77.0.1',
    'mcast eth0 239.77.0.1',
    'mcast6 eth0 ff12::77',
  ];

  before(async () => {
    const links = [
      ...[11, 12, 13].flatMap((last) => [`ucast eth0 10.77.0.${last}`, `ucast6 eth1 fd00:78::${last}`]),
      'bcast eth1',
      'mcast eth1 239.77.0.1 694 1 0',
      'mcast eth0 239.77.0.1 694 1 0',
      'mcast6 eth0 ff12::77 6940 1 0',
      'bcast eth7',
      'ping 10.77.0.10',
      'ping6 fd00:77::10',
      'ping_group routers fd00:77::10 10.77.0.99',
      'watchdog /dev/null',
      'respawn nobody /bin/sleep 12345',
      'env GREETING=hello',
      'realtime off',
      'nice_failback on',
      'use_logd yes',
      'logfile /var/log/ha-log',
      'crm off',
    ];
    // Patient enough for a busy machine: a failover here would be the fault of a link alone.
    const files = {
      'ha.cf': `cluster kin\nnode node1 node2 node3\nkeepalive 50ms\ndeadtime 1500ms\ninitdead 3s\nudpport 1694\n${links.join('\n')}\n`,
      'muster.yml': 'lease: 3s\n',
    };
    // A wall clock that goes astray: nothing that is decided may follow it.
    const astray = join(import.meta.dirname, 'supervisor/clock-astray.cjs');
    const environment = { NODE_OPTIONS: `--require ${astray}` };
    cluster = await createCluster({ files, secondNetwork: true, environment });
    for (const node of cluster.nodes) node.start();
    await settled(cluster);
  });
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(() => cluster?.remove());

  const linkOf = (node: TestNode, name: string): LinkStatus | undefined =>
    statusOf(node)?.links?.find((link) => link.name === name);
  const linksAre = (wanted: (link: LinkStatus) => boolean): Promise<void> =>
    until(
      () =>
        cluster.nodes.every((node) => {
          const links = statusOf(node)?.links?.filter(({ device }) => device !== 'eth7') ?? [];
          return links.length === names.length && links.every(wanted);
        }),
      () => cluster.nodes.map((node) => JSON.stringify(statusOf(node)?.links)).join('\n'),
    );

  it('hear each other over every kind of link, and count the copies apart from replays', async () => {
    await linksAre(({ state, peers }) => state === 'up' && peers.every((peer) => peer.state === 'heard'));
    for (const node of cluster.nodes) {
      const { links, counters } = node.status();
      assert.deepEqual(links!.map(({ name }) => name).sort(), [...names, 'bcast eth7'].sort());
      assert.ok(counters.duplicate! > 100, `${counters.duplicate} copies`);
      for (const kind of ['replayed', 'forged', 'malformed', 'unknown-sender']) assert.equal(counters[kind], 0, kind);
    }
  });

  it('say what ha.cf makes of them, and once what has no meaning here', () => {
    for (const node of cluster.nodes) {
      const said = (kind: string): string[] => node.journal.flatMap(({ what, why }) => (what === kind ? [why!] : []));
      assert.match(said('start').join(), new RegExp(`runs as ${node.name} of cluster kin$`));
      const meaningless = said('configuration').map(
        (why) => /^\S+:\d+ "([^"]+)" has no meaning here: ./.exec(why)?.[1],
      );
      assert.deepEqual(meaningless, ['use_logd', 'logfile', 'crm']);
      const ports = node.run('ss', '-Hluan').match(/(?<=:)\d+(?= )/g)!;
      assert.deepEqual([...new Set(ports)].sort(), ['1694', '694', '6940']);
      const { main, others } = scheduled(node);
      assert.deepEqual([...new Set([main, ...others])], ['TS -']);
    }
  });

  it('do without a link that cannot be opened, and say so', () => {
    const [node] = cluster.nodes as [TestNode];
    const link = linkOf(node, 'bcast eth7');
    assert.deepEqual([link?.state, link?.why], ['down', 'eth7 has no IPv4 address']);
    assert.ok(
      node.journal.some(
        ({ what, why }) => what === 'link' && why === 'bcast eth7 cannot be opened: eth7 has no IPv4 address',
      ),
    );
  });

  it('feed the watchdog of ha.cf, keep its programs running, and say so', () => {
    const [node] = cluster.nodes as [TestNode];
    const { watchdog, groups } = node.status();
    assert.deepEqual(watchdog, { device: '/dev/null', armed: true, why: '' });
    assert.deepEqual(groups[0]!.layers, ['watchdog']);
    assert.match(node.musterd('status'), /Watchdog: \/dev\/null restarts this machine where musterd hangs/);
    const children = node.run('ps', 'e', '-o', 'user=,args=', '--ppid', String(node.pid)).split('\n');
    assert.ok(
      children.some((line) => /^nobody +\/bin\/sleep 12345 (.* )?GREETING=hello( |$)/.test(line)),
      children.join('\n'),
    );
  });

  it('are alarmed by a network that is cut, and move nothing; neither when it is back', async () => {
    const holder = await settled(cluster);
    const marks = marksOf(cluster);
    /** Every node has told this of every link over the device. */
    const told = (what: string, device: string): Promise<void> =>
      until(
        () =>
          cluster.nodes.every(({ journal }, index) => {
            const lines = journal.slice(marks[index]).flatMap((line) => (line.what === what ? [line.why!] : []));
            return names
              .filter((name) => name.includes(device))
              .every((name) => lines.some((why) => why.includes(name)));
          }),
        () => journals(cluster.nodes),
      );
    for (const [ports, device, bridge] of [
      ['q', 'eth1', 'br1'],
      ['p', 'eth0', 'br0'],
    ] as const) {
      // On the switch, so that no node loses its carrier: nothing but silence tells.
      for (const { name } of cluster.nodes) cluster.onSwitch('ip', 'link', 'set', `${ports}-${name}`, 'nomaster');
      await told('link-silent', device);
      await linksAre((link) => (link.device === device ? link.state === 'down' : link.state === 'up'));
      for (const { name } of cluster.nodes) cluster.onSwitch('ip', 'link', 'set', `${ports}-${name}`, 'master', bridge);
      await told('link-heard', device);
      await linksAre(({ state }) => state === 'up');
    }
    assert.deepEqual(losses(cluster, marks), []);
    assert.equal(await settled(cluster), holder);
  });

  it('move nothing when a cable is pulled at one node, which sees it at once', async () => {
    const holder = await settled(cluster);
    const marks = marksOf(cluster);
    cluster.onSwitch('ip', 'link', 'set', `q-${holder.name}`, 'down');
    await until(
      () => linkOf(holder, 'bcast eth1')?.why === 'eth1 has no carrier',
      () => JSON.stringify(statusOf(holder)?.links),
    );
    assert.ok(holder.musterd('status').includes('Heartbeat Links:'));
    cluster.onSwitch('ip', 'link', 'set', `q-${holder.name}`, 'up');
    await linksAre(({ state }) => state === 'up');
    assert.deepEqual(losses(cluster, marks), []);
    assert.equal(await settled(cluster), holder);
  });

  it('hand a group over, planned, from a node that lost the clients to one that reaches them', async () => {
    const answered = (node: TestNode, wanted: boolean): boolean =>
      statusOf(node)?.ping?.every(({ reached }) => reached === wanted) === true;
    await until(
      () => cluster.nodes.every((node) => answered(node, true)),
      () => cluster.nodes.map((node) => JSON.stringify(statusOf(node)?.ping)).join('\n'),
    );
    const holder = await settled(cluster);
    const marks = marksOf(cluster);
    cluster.onSwitch('ip', 'link', 'set', `p-${holder.name}`, 'nomaster');
    try {
      await until(
        () => cluster.nodes.some((node) => node !== holder && statusOf(node)?.groups[0]?.gateOpen === true),
        () => journals(cluster.nodes),
      );
      // One of them may be missed before the other, and that is reason enough to hand over.
      const said = (line: RegExp): boolean =>
        holder.journal
          .slice(marks[cluster.nodes.indexOf(holder)])
          .some(({ what, why }) => line.test(`${what}: ${why}`));
      await until(
        () =>
          answered(holder, false) &&
          said(/^reach: this node reaches 0 of 3 ping nodes and groups$/) &&
          said(/^handover: .*reaches 3 of the ping nodes, and this node [012]$/),
        () => journals(cluster.nodes),
      );
      assert.match(
        holder.musterd('status'),
        /Ping nodes that do not answer: 10\.77\.0\.10, fd00:77::10, routers \(0 of 3 do\)/,
      );
    } finally {
      cluster.onSwitch('ip', 'link', 'set', `p-${holder.name}`, 'master', 'br0');
    }
    assert.deepEqual(
      losses(cluster, marks).filter((line) => !line.includes('takeover')),
      [],
    );
    await settled(cluster);
  });

  it('decide nothing by the wall clock, which has jumped by years meanwhile', () => {
    for (const { journal } of cluster.nodes) {
      const times = journal.flatMap(({ time }) => (time === undefined ? [] : [time]));
      const jumps = times.slice(1).filter((time, index) => Math.abs(time - times[index]!) > 86_400_000);
      assert.ok(jumps.length >= 2, 'the clock did not go astray');
    }
    for (const node of cluster.nodes)
      assert.ok(statusOf(node)!.counters.clockJumps! > 0, `${node.name} counted no jump`);
  });
});
