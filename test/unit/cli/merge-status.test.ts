import assert from 'node:assert/strict';
import { disagreements, mergeStatuses } from '../../../src/cli/merge-status.ts';
import { Rehearsal } from '../../../src/core/rehearsal.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { buildStatus } from '../../../src/supervisor/status.ts';
import { showExplanation } from '../../../src/wire/show-explanation.ts';
import { showStatus } from '../../../src/wire/show-status.ts';
import type { Status } from '../../../src/wire/status.ts';

/** What musterds would say, out of a rehearsed cluster. */
function statusOf(rehearsal: Rehearsal, node: string, configHash = 'aaa'): Status {
  const facts = {
    version: '1',
    cluster: 'lab',
    bundleHash: 'b',
    configHash,
    startedAt: 0,
    services: [],
    arbiters: [],
    bound: null,
    counters: { forged: 0 },
    protection: 'gate',
    layers: [],
    links: [],
    device: 'eth0',
    resources: () => [],
  } as const;
  return buildStatus(rehearsal.view(node), facts, rehearsal.now, 1_000_000);
}

async function labCluster(): Promise<Rehearsal> {
  const rehearsal = new Rehearsal((await loadInventory('inventory/lab.yml')).cluster!);
  rehearsal.settle();
  return rehearsal;
}

describe('the picture of a cluster', () => {
  it('takes each group from its holder, which knows votes and gate', async () => {
    const rehearsal = await labCluster();
    const merged = mergeStatuses(['node2', 'node1', 'node3'].map((node) => statusOf(rehearsal, node)))!;
    assert.equal(merged.groups[0]!.holder, 'node1');
    assert.equal(merged.groups[0]!.gateOpen, true);
    assert.deepEqual(merged.groups[0]!.votes, ['node1', 'node2', 'node3']);
    const text = showStatus(merged, 1_000_000);
    assert.match(text, /partition with quorum: 3 of 3 votes, 2 needed/);
    assert.match(text, /web \(10\.77\.0\.100.*\): Started node1, for /);
    assert.match(
      text,
      /lease 270 ms, \d+ ms left by the votes of node\[1-3\]; protected by the kernel's gate, open on node1/,
    );
    assert.doesNotMatch(text, /DIFFERS|Refused/);
  });

  it('takes what a group waits for from who tried to get it, and the tests of devices from all', async () => {
    const rehearsal = await labCluster();
    const [one, two] = ['node1', 'node2'].map((node) => statusOf(rehearsal, node)) as [Status, Status];
    const stopped = { ...one.groups[0]!, holder: null, gateOpen: false, reason: 'it is next in line' };
    const waits = { ...stopped, waitsFor: ['node3'], reason: 'node3 held it last' };
    const device = { name: 'ipmi', agent: 'fence_ipmilan', nodes: ['node3'], testedMsAgo: 5 };
    const fencing = (state: 'ok' | 'failed', why: string): Status['fencing'] => ({
      devices: [{ ...device, state, why }],
      underWay: [],
      latest: [],
    });
    const merged = mergeStatuses([
      { ...one, groups: [stopped], fencing: fencing('ok', '') },
      { ...two, groups: [waits], fencing: fencing('failed', 'timed out') },
    ])!;
    const text = showStatus(merged, 1_000_000);
    assert.match(text, /node3 held it last\n +hint: make sure that node3 is off, then: muster fence node3 --confirmed/);
    assert.match(
      text,
      /Fencing devices: 0 of 1 answers\n +\* ipmi \(fence_ipmilan\) FAILED its test by node2: it timed out/,
    );
  });

  it('names the nodes of each configuration where they differ, and counts what was refused', async () => {
    const rehearsal = await labCluster();
    const statuses = ['node1', 'node2', 'node3'].map((node) =>
      statusOf(rehearsal, node, node === 'node3' ? 'bbb' : 'aaa'),
    );
    const merged = mergeStatuses(statuses)!;
    assert.match(showStatus(merged, 0), /Configuration DIFFERS: aaa on node\[1-2\]; bbb on node3/);
    const refused = { ...merged, counters: { forged: 3, replayed: 0, 'not-for-us': 2, takeovers: 7 } };
    assert.match(showStatus(refused, 0), /Messages Refused:\n {2}\* forged: 3$/);
  });

  it('adds up what each node has counted', async () => {
    const rehearsal = await labCluster();
    const [one, two] = ['node1', 'node2'].map((node) => statusOf(rehearsal, node)) as [Status, Status];
    const counted: Status[] = [
      { ...one, counters: { takeovers: 1, leastLeft: 60.5 } },
      { ...two, counters: { takeovers: 2, forged: 4, leastLeft: 40 } },
    ];
    assert.deepEqual(mergeStatuses(counted)!.counters, { takeovers: 3, leastLeft: 40, forged: 4 });
    const later = [one, { ...two, quorum: { ...two.quorum, epoch: 1 } }];
    assert.deepEqual(disagreements(later), [
      'the cluster: quorate (3 of 3 votes), all nodes there says node1; ' +
        'quorate (3 of 3 votes), all nodes there, by epoch 1 says node2',
    ]);
  });

  it('says where nodes disagree, each side with its nodes', async () => {
    const rehearsal = await labCluster();
    rehearsal.cut('node1', 'node2');
    rehearsal.cut('node1', 'node3');
    rehearsal.settle();
    const statuses = ['node1', 'node2', 'node3'].map((node) => statusOf(rehearsal, node));
    const lines = disagreements(statuses);
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /^web: held by nobody says node1; held by node2 says node\[2-3\]$/);
    assert.match(
      lines[1]!,
      /NOT quorate \(1 of 3 votes\), without node\[2-3\] says node1; quorate \(2 of 3 votes\), without node1 says node\[2-3\]/,
    );
    assert.equal(mergeStatuses(statuses)!.groups[0]!.holder, 'node2');
    assert.deepEqual(disagreements(statuses.slice(1)), []);
    assert.equal(mergeStatuses([]), undefined);
  });

  it('shows the links of every node that are in trouble, and who does not reach an arbiter', async () => {
    const rehearsal = await labCluster();
    const [node1, node2] = ['node1', 'node2'].map((node) => statusOf(rehearsal, node));
    const link = (state: 'up' | 'down') => [
      { name: 'ucast eth1', device: 'eth1', state, why: 'no carrier', peers: [] },
    ];
    const arbiter = (problem: string | null) => [
      { name: 'vote1', address: '10.0.0.9', port: 5561, connections: 2, roundTripMs: 30, problem, counters: {} },
    ];
    const reach = { configuredRoundTripMs: null, certificateExpires: null, state: 'up', lastHeardMs: 5 } as const;
    const statuses = [
      { ...node1!, links: link('up'), arbiters: arbiter(null).map((one) => ({ ...one, ...reach })) },
      { ...node2!, links: link('down'), arbiters: arbiter('connection refused').map((one) => ({ ...one, ...reach })) },
    ];
    const text = showStatus(mergeStatuses(statuses)!, 0);
    assert.match(text, /Heartbeat Links:\n {2}\* node2 ucast eth1: DOWN: no carrier\n/);
    assert.doesNotMatch(text, /node1 ucast/);
    assert.deepEqual(disagreements(statuses), [
      'arbiter vote1: connected says node1; NOT connected (connection refused) says node2',
    ]);
  });

  it('explains for each node whether it may hold a group, and why not', async () => {
    const rehearsal = await labCluster();
    rehearsal.kill('node3');
    rehearsal.settle();
    const status = statusOf(rehearsal, 'node1');
    const journal = [
      { time: 0, node: 'node1', what: 'takeover', group: 'web', why: 'nobody had held it' },
      { time: 1, node: 'node1', what: 'takeover', group: 'other', why: 'not about web' },
      { time: 2, node: 'node1', what: 'node-dead', peer: 'node3', why: 'nothing heard' },
    ];
    const lines = showExplanation(status, status.groups[0]!, journal, 1_000_000).split('\n');
    const nodes = lines.filter((line) => /^ {2}\* node/.test(line));
    assert.match(nodes[0]!, /node1 {2}holds it +its preferred node, alive and quorate/);
    assert.match(nodes[1]!, /node2 {2}may hold it +alive and quorate/);
    assert.match(nodes[2]!, /node3 {2}may NOT +dead: nothing heard of it for [\d.]+ m?s/);
    assert.deepEqual(lines.slice(-2), [
      '  * 1970-01-01T00:00:00.000Z node1 takeover web: nobody had held it',
      '  * 1970-01-01T00:00:00.002Z node1 node-dead node3: nothing heard',
    ]);
  });
});
