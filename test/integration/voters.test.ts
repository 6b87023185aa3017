import assert from 'node:assert/strict';
import { echoProgram } from '../../src/drill/echo.ts';
import { doubleHoldings } from '../../src/drill/holders.ts';
import { Observer } from '../../src/drill/observe.ts';
import { journals, oneHolderOf, statusOf } from './supervisor/holders.ts';
import { createCluster, type TestCluster, type TestNode, until, virtualIp } from './supervisor/namespaces.ts';

/** ha.cf as `provision` would write it for so many nodes. */
const haCf = (count: number): string => {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const links = numbers.map((number) => `ucast eth0 10.77.0.1${number}\n`).join('');
  return `node ${numbers.map((number) => `node${number}`).join(' ')}\nkeepalive 200ms\nwarntime 600ms\ndeadtime 1500ms\ninitdead 2s\nudpport 694\nauto_failback off\n${links}`;
};

const votersOf = (node: TestNode): { epoch: number; voters: readonly string[] } | undefined => {
  const quorum = statusOf(node)?.quorum;
  return quorum && { epoch: quorum.epoch ?? 0, voters: [...quorum.voters].sort() };
};

describe('voters that change while a group is held', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  const observers: Observer[] = [];

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster({ nodes: 4, files: { 'ha.cf': haCf(3), 'muster.yml': 'lease: 2s\n' } });
    for (const node of cluster.nodes.slice(0, 3)) node.start();
    await oneHolderOf(cluster.nodes.slice(0, 3));
  });
  after(async () => {
    for (const observer of observers) await observer.stop();
    await cluster?.remove();
  });

  it('a fourth comes and one goes, as provision and reconfigure do it: no double gate, and the group is held after each step', async () => {
    const { nodes } = cluster;
    const seen = (): string => `${JSON.stringify(nodes.map(votersOf))}\n${journals(nodes)}`;
    const agree = async (among: readonly TestNode[], voters: readonly string[], epoch: number): Promise<void> => {
      const same = (node: TestNode): boolean => {
        const found = votersOf(node);
        return found !== undefined && found.epoch >= epoch && found.voters.join() === voters.join();
      };
      await until(() => among.every(same), seen, 40_000);
      await oneHolderOf(among);
    };
    for (const node of nodes) node.spawn(['perl', '-e', echoProgram, virtualIp, '7694', node.name]);
    const macs = nodes.map(({ mac }) => mac);
    const observer = new Observer({ witness: { address: virtualIp, intervalMs: 10, macs } }, cluster.inClient);
    observers.push(observer);
    await observer.ready;

    // All nodes at once, as a play does.
    for (const text of nodes.slice(0, 3).map((node) => node.musterd('reconfigure'))) assert.match(text, /vote/);
    await agree(nodes.slice(0, 3), ['node1', 'node2', 'node3'], 1);

    // New files, and a rolling restart with the holder last; the new node starts with them, and has no record.
    nodes[3]!.configure('ha.cf', haCf(4));
    nodes[3]!.start();
    const holder = await oneHolderOf(nodes.slice(0, 3));
    for (const node of [...nodes.slice(0, 3).filter((other) => other !== holder), holder]) {
      node.configure('ha.cf', haCf(4));
      node.signal('SIGTERM');
      await node.ended();
      await oneHolderOf(nodes.filter((other) => other !== node));
      node.start();
      await agree(nodes, ['node1', 'node2', 'node3'], 1);
    }

    nodes[0]!.musterd('reconfigure', '--add', 'node4');
    await agree(nodes, ['node1', 'node2', 'node3', 'node4'], 2);

    const going = await oneHolderOf(nodes);
    const stay = nodes.filter((node) => node !== going);
    stay[0]!.musterd('reconfigure', '--remove', going.name);
    await agree(
      stay,
      stay.map(({ name }) => name),
      3,
    );
    assert.equal(statusOf(going)?.groups[0]?.gateOpen, false, 'who votes no more holds nothing');

    const { witness } = await observer.stop();
    assert.deepEqual(doubleHoldings(witness, 10), []);
    assert.ok(new Set(witness.map(({ mac }) => mac)).size >= 2, 'the witness saw the address move');
    // Nothing here lets a lease run out (of 2 s, so that a busy machine does not either): each holder hands over.
    assert.deepEqual(
      nodes.flatMap(({ journal }) => journal.filter(({ what }) => what === 'lost')),
      [],
    );
  });
});
