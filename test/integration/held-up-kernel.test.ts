import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { holderAnswers, journals, oneHolderOf, restored, tellFailure } from './supervisor/holders.ts';
import { createCluster, type TestCluster, until, virtualIp } from './supervisor/namespaces.ts';

/** Milliseconds; patient enough for a busy machine: what is lost here is to be lost by the lock alone. */
const lease = 2000;

const links = [11, 12, 13].map((last) => `ucast eth0 10.77.0.${last}\n`).join('');
const files = {
  'ha.cf': `node node1 node2 node3\nkeepalive 50ms\ndeadtime ${lease}ms\ninitdead ${lease}ms\nauto_failback off\n${links}`,
  'muster.yml': `lease: ${lease}ms\n`,
};

/** Makes a network namespace with bridges, as a stranger to the cluster would, and removes it: the kernel goes on at it. */
function removeBridges(count: number): void {
  const space = `stranger-${process.pid}-${Math.floor(performance.now())}`;
  const lines = Array.from({ length: count }, (_, index) => `link add b${index} type bridge\nlink set b${index} up\n`);
  execFileSync('ip', ['netns', 'add', space]);
  try {
    execFileSync('ip', ['-n', space, '-batch', '-'], { input: lines.join('') });
  } finally {
    execFileSync('ip', ['netns', 'del', space]);
  }
}

describe('three musterds on a kernel that is held up', function () {
  this.timeout(180_000);
  let cluster: TestCluster;

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster({ files });
    for (const node of cluster.nodes) node.start();
  });
  beforeEach(async () => {
    await restored(cluster.nodes);
  });
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(() => cluster?.remove());

  /** Waits until whoever removes networks has let go of the kernel's lock of links; how long somebody waited for it. */
  async function heldFor(): Promise<number> {
    let longest = 0;
    let quick = 0;
    await until(
      () => {
        const began = performance.now();
        cluster.client('ip', 'link', 'show', 'lo');
        const took = performance.now() - began;
        longest = Math.max(longest, took);
        quick = took < 300 ? quick + 1 : 0;
        return quick >= 5;
      },
      () => 'the lock of links is not let go',
      60_000,
      200,
    );
    return longest;
  }

  it('run their main thread at a real-time priority below that of all threads which it may wait for', async () => {
    const { pid } = cluster.nodes[0]!;
    // stat(5): field 40 is the real-time priority, 41 the policy, of which 1 is SCHED_FIFO; the name may contain spaces.
    const scheduled = (): [string, string | undefined, number][] =>
      readdirSync(`/proc/${pid}/task`).map((thread) => {
        const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]!.split(' ');
        return [thread, fields[38], Number(fields[37])];
      });
    await until(
      () => scheduled().every(([, policy]) => policy === '1'),
      () => scheduled().join(' '),
    );
    const main = scheduled().find(([thread]) => thread === String(pid))![2];
    const others = scheduled().filter(([thread]) => thread !== String(pid));
    assert.ok(others.length >= 4 && main >= 1, scheduled().join(' '));
    assert.deepEqual(new Set(others.map(([, , priority]) => priority)), new Set([main + 1]));
  });

  it('leave no socket of their address probes behind, and no process that closes one', async () => {
    /** Protocols (hexadecimal) of the packet sockets of a node; announcements have one that receives nothing. */
    const listening = (): string[] =>
      cluster.nodes.flatMap(({ run }) =>
        [...run('cat', '/proc/net/packet').matchAll(/^\S+ +\d+ +\d+ +([0-9a-f]{4}) /gm)]
          .map((line) => line[1]!)
          .filter((protocol) => protocol !== '0000'),
      );
    const helpers = (): string[] =>
      cluster.nodes.map((node) =>
        node
          .run('ps', '-eo', 'pid=,ppid=,args=')
          .split('\n')
          .filter((line, _, all) => {
            const [, parent] = line.trim().split(/\s+/);
            const above = all
              .find((other) => other.trim().split(/\s+/)[0] === parent)
              ?.trim()
              .split(/\s+/)[1];
            return line.endsWith('musterd: raw sockets') && [parent, above].includes(String(node.pid));
          })
          .length.toString(),
      );
    await until(
      () => listening().length === 0 && helpers().join() === '2,2,2',
      () => `sockets for ${listening().join()}; ${helpers().join()} helpers\n${journals(cluster.nodes)}`,
    );
    // The holder's announcements have a socket, so the list is one of sockets.
    const packets = cluster.nodes.map(({ run }) => run('cat', '/proc/net/packet').split('\n').length);
    assert.ok(packets.some((lines) => lines > 2));
  });

  it('hear each other and keep the lease while networks of others are removed, however long that locks all links', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    // By its time: what was said before may be read only now.
    const began = Date.now();
    let longest = 0;
    // For each bridge the kernel waits for others, with the lock: how long depends on the machine.
    for (let bridges = 250; bridges <= 2000 && longest < 1.5 * lease; bridges *= 2) {
      removeBridges(bridges);
      longest = Math.max(longest, await heldFor());
    }
    assert.ok(longest > lease, `the lock was held for ${Math.round(longest)} ms: too short to show anything`);
    const bad = ['node-dead', 'lost', 'gate-lost', 'quorum-lost', 'takeover', 'release', 'link'];
    const said = cluster.nodes.flatMap(({ name, journal }) =>
      journal.flatMap(({ time = 0, what, why }) =>
        time >= began && bad.includes(what ?? '') ? [`${name} ${what}: ${why}`] : [],
      ),
    );
    assert.deepEqual(said, [], `the lock was held for ${Math.round(longest)} ms`);
    assert.equal(await oneHolderOf(cluster.nodes), holder);
  });

  it('go on where nftables refuses a change: that gate shuts, another node serves, and it comes back by itself', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const others = cluster.nodes.filter((node) => node !== holder);
    const said = (line: RegExp): boolean => holder.journal.some(({ what, why }) => line.test(`${what}: ${why}`));
    // A table that belongs to somebody else's socket cannot be changed by anybody else (EPERM).
    const thief = holder.spawn(['nft', '-i'], 'pipe');
    thief.stdin!.write('delete table netdev muster; add table netdev muster { flags owner; }\n');
    await until(
      () => said(/^protection: the gate could not be rendered again, and stays shut until it is: .*not permitted/i),
      () => journals(cluster.nodes),
    );
    await holderAnswers(cluster, others, virtualIp);
    assert.equal(holder.running, true, journals(cluster.nodes));
    assert.equal(holder.status().groups[0]!.gateOpen, false);
    thief.kill('SIGKILL');
    const chains = (): string => {
      try {
        return holder.run('nft', 'list', 'table', 'netdev', 'muster');
      } catch {
        return '';
      }
    };
    await until(
      () => chains().includes('hook ingress'),
      () => journals(cluster.nodes),
    );
    // What stands again is a gate that opens: the group is sent back to it.
    for (const node of others) node.musterd('standby');
    assert.equal(await oneHolderOf(cluster.nodes), holder);
  });
});
