import assert from 'node:assert/strict';
import type { Status } from '../../src/wire/status.ts';
import { LabCluster } from './cluster.ts';
import { sshOutput, useLab } from './support.ts';

const machines = ['node1', 'node2', 'node3', 'node4'];
const three = machines.slice(0, 3);

/** The cluster of an inventory with these nodes. Its lease bears a machine that does much else. */
const clusterOf = (nodes: string, arbiters = ''): string => `cluster:
  name: grows
  nodes: ${nodes}
${arbiters}  links: [ucast eth0]
  auto_failback: false
  timings: { keepalive: 200ms, warntime: 600ms, deadtime: 2s, initdead: 2s, lease: 2s }
  groups:
    apart: { preferred: node1, resources: [10.77.0.100/24/eth0] }
`;

interface Changed {
  readonly before: { readonly epoch: number; readonly voters: readonly string[] };
  readonly after: { readonly epoch: number; readonly voters: readonly string[] };
  readonly done: readonly { readonly kind: string; readonly node: string; readonly by: string }[];
}

/**
 * The whole road of a machine into a cluster that runs and out of it, as an operator types it. What is safe about it is in
 * test/simulation; that the group is held at every step, in test/integration/voters.test.ts.
 */
// Some minutes: with the full counts (tools/test.mjs), or where somebody asks for it.
if (process.env.MUSTER_FULL !== '0')
  describe('a node more, a node less, and an arbiter, while the cluster runs', function () {
    this.timeout(400_000);
    // Each begins with what the one before it has left.
    this.bail(true);
    const lab = useLab({ nodes: 4, prepared: true });
    const cluster = new LabCluster(lab, machines, clusterOf('node[1-3]'));
    after(() => cluster.remove());

    /** Until each of these nodes counts by these voters, and one of them alone holds the group, as all say. */
    async function settled(nodes: readonly string[], voters: readonly string[], epoch: number): Promise<string> {
      return await cluster.until(`${voters.join(', ')} as voters on ${nodes.join(', ')}`, async () => {
        const all = await Promise.all(nodes.map((node) => cluster.statusOf(node)));
        const right = (status: Status | undefined): boolean =>
          status?.quorum.voters.toSorted().join() === voters.join() && (status.quorum.epoch ?? 0) >= epoch;
        const holders = new Set(all.map((status) => status?.groups[0]?.holder));
        const open = nodes.filter((_, index) => all[index]?.groups[0]?.gateOpen === true);
        return all.every(right) && holders.size === 1 && open.length === 1 && holders.has(open[0]) && open[0]!;
      });
    }

    it('a machine that comes into the inventory votes after provision', async () => {
      await cluster.must('provision');
      await settled(three, three, 0);
      assert.match(await cluster.must('reconfigure', '--check'), /^would record node1, node2, node3 as the voters$/m);
      cluster.rewrite(clusterOf('node[1-4]'));
      await cluster.must('provision');
      await settled(machines, machines, 2);
      assert.equal(await cluster.must('reconfigure'), 'node1, node2, node3, node4 vote, as the inventory says\n');
    });

    it('one that is taken out of it keeps its vote until reconfigure: provision says so, and changes nothing', async () => {
      await cluster.must('move', 'apart', 'node4');
      await cluster.must('clear', 'apart');
      assert.equal(await settled(machines, machines, 2), 'node4');
      cluster.rewrite(clusterOf('node[1-3]'));
      const { rc, output } = await cluster.muster('provision');
      assert.equal(rc, 2, output);
      assert.match(output, /Cannot leave "node4" out of the configuration as it must not vote any more/);
      assert.match(output, /hint: muster reconfigure /);
      const would = await cluster.must('reconfigure', '--check');
      assert.equal(would, 'would take the vote of node4, after it has handed over what it holds\n');
      assert.equal(await settled(machines, machines, 2), 'node4');
    });

    it('reconfigure has it hand over and takes its vote; then it is stopped, and the others forget it', async () => {
      const output = await cluster.must('reconfigure');
      assert.match(output, /^take the vote of node4, after it has handed over what it holds\n {2}node\d: node1, node2/);
      assert.match(output, /^stop musterd on node4 \(systemctl disable --now musterd\), then provision the others$/m);
      assert.notEqual(await settled(three, three, 3), 'node4');
      await sshOutput(lab(), 'node4', 'systemctl disable --now musterd');
      await cluster.must('provision');
      await settled(three, three, 3);
      for (const node of three) {
        const { nodes, counters } = (await cluster.statusOf(node))!;
        assert.deepEqual(nodes.map(({ name }) => name).sort(), three);
        assert.equal(counters['unknown-sender'], 0, `nobody speaks to ${node} whom it does not know`);
      }
    });

    it('an arbiter comes and votes in the same way, and goes by reconfigure', async () => {
      cluster.rewrite(clusterOf('node[1-3]', '  arbiters: node4\n'));
      await cluster.must('provision');
      await settled(three, machines, 4);
      assert.deepEqual(
        await Promise.all(three.map(async (node) => (await cluster.statusOf(node))!.arbiters.map(({ name }) => name))),
        three.map(() => ['node4']),
      );
      cluster.rewrite(clusterOf('node[1-3]'));
      const { before, after, done } = JSON.parse(await cluster.must('reconfigure', '--json')) as Changed;
      assert.deepEqual([[...before.voters].sort(), [...after.voters].sort()], [machines, three]);
      assert.ok(after.epoch > before.epoch);
      assert.deepEqual(
        done.map(({ kind, node }) => [kind, node]),
        [['remove', 'node4']],
      );
      await cluster.must('provision');
      await settled(three, three, 5);
    });

    it('and no lease was lost on the way', async () => {
      for (const node of machines) {
        const lost = `journalctl -u musterd -o cat --no-pager | grep -F '"what":"lost"' || true`;
        assert.equal(await sshOutput(lab(), node, lost), '', node);
      }
    });
  });
