import assert from 'node:assert/strict';
import type { Status } from '../../src/wire/status.ts';
import { createCluster, type TestCluster, type TestNode, until } from './supervisor/namespaces.ts';

const journals = (cluster: TestCluster): string =>
  cluster.nodes
    .map(({ name, journal }) => `${name}: ${journal.map(({ what, why }) => `${what}: ${why}`).join(' | ')}`)
    .join('\n');

function statusOf(node: TestNode): Status | undefined {
  try {
    return node.status();
  } catch {
    return undefined;
  }
}

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
    () => journals(cluster),
    30_000,
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

describe('keys that change while three musterds run', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  const [first, second] = ['1 sha1 an-old-secret-of-heartbeat', '2 sha256 the-next-secret'];

  before(async () => {
    // Patient enough for a busy machine: what is lost here is to be lost by the keys alone.
    const links = [11, 12, 13].map((last) => `ucast eth0 10.77.0.${last}\n`).join('');
    const files = {
      'ha.cf': `node node1 node2 node3\nkeepalive 50ms\ndeadtime 3s\ninitdead 3s\n${links}`,
      'muster.yml': 'lease: 3s\n',
      authkeys: `auth 1\n${first}\n`,
    };
    cluster = await createCluster({ files });
    for (const node of cluster.nodes) node.start();
    await settled(cluster);
  });
  after(() => cluster?.remove());

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
        20_000,
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
        () => journals(cluster),
        20_000,
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
