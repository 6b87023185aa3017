import assert from 'node:assert/strict';
import { outageBound } from '../../../src/core/bound.ts';
import { pairFailures, playAll, singleFailures } from '../../../src/core/failures.ts';
import { Rehearsal } from '../../../src/core/rehearsal.ts';
import { cutOff, whatIf } from '../../../src/core/what-if.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { defaultTimings } from '../../../src/model/defaults.ts';
import { defaultFencing } from '../../../src/model/fencing.ts';

function clusterOf(nodes: number, changes: Partial<Cluster> = {}): Cluster {
  return {
    name: 'c',
    nodes: Array.from({ length: nodes }, (_, index) => `node${index + 1}`),
    arbiters: [],
    links: [],
    udpPort: 694,
    timings: defaultTimings,
    autoFailback: false,
    noQuorum: 'stop',
    pingNodes: [],
    groups: [
      {
        name: 'web',
        preferred: 'node1',
        resources: [{ kind: 'address', address: '10.0.0.1', prefix: 24, interface: 'eth0' }],
      },
      { name: 'db', preferred: 'node2', resources: [{ kind: 'agent', agent: 'Filesystem', args: ['/dev/sdb1'] }] },
    ],
    services: [],
    driftBound: 0.001,
    ...changes,
  };
}

const none = { dead: [], cuts: [] };

function owners(cluster: Cluster, fault: Parameters<typeof whatIf>[1]): (string | null)[] {
  return whatIf(cluster, fault).groups.map(({ after }) => after);
}

describe('what-if', () => {
  it('places every group on its preferred node while all is well', () => {
    const outcome = whatIf(clusterOf(3), none);
    assert.deepEqual(
      outcome.groups.map(({ before, after, takeovers }) => [before, after, takeovers]),
      [
        ['node1', 'node1', 0],
        ['node2', 'node2', 0],
      ],
    );
    assert.deepEqual(outcome.warnings, []);
    assert.deepEqual([outcome.votes, outcome.needed, outcome.voters], [3, 2, 3]);
  });

  it('gives the preferred node the first turn also where the silence after a start outlasts the other waits', () => {
    const arbiters = [{ name: 'vote', address: '10.0.0.9', port: 5561, roundTrip: 200 }];
    const timings = { ...defaultTimings, lease: 1500 };
    const outcome = whatIf(clusterOf(2, { arbiters, timings }), none);
    assert.deepEqual(
      outcome.groups.map(({ before }) => before),
      ['node1', 'node2'],
    );
  });

  it('moves what a dead or cut off node held, once, within a lease and an attempt', () => {
    const cluster = clusterOf(3);
    for (const fault of [
      { dead: ['node1'], cuts: [] },
      { dead: [], cuts: cutOff(cluster, ['node1']) },
    ]) {
      const [web, db] = whatIf(cluster, fault).groups;
      assert.equal(web!.after, 'node2');
      assert.equal(web!.takeovers, 1);
      const { lease, keepalive } = defaultTimings;
      assert.ok(web!.outageMs! > lease - keepalive / 2 && web!.outageMs! <= lease * 1.2, `${web!.outageMs} ms`);
      assert.deepEqual([db!.after, db!.takeovers], ['node2', 0]);
    }
  });

  it('holds nothing without a majority, and says what is missing', () => {
    const outcome = whatIf(clusterOf(3), { dead: ['node1', 'node2'], cuts: [] });
    assert.deepEqual(
      outcome.groups.map(({ after }) => after),
      [null, null],
    );
    assert.match(outcome.warnings[0]!, /nobody holds every group: at most 1 of 3 voters/);
    assert.deepEqual(outcome.quorate, []);
  });

  it('knows that an even number can be split in halves, and that an arbiter decides', () => {
    const halves = (cluster: Cluster): (string | null)[] =>
      owners(cluster, { dead: [], cuts: cutOff(cluster, ['node1', 'node2'], true) });
    assert.deepEqual(halves(clusterOf(4)), [null, null]);
    const decided = clusterOf(4, { arbiters: [{ name: 'vote1', address: '10.0.0.9', port: 5561 }] });
    assert.deepEqual(halves(decided), ['node3', 'node3']);
    const { warnings } = whatIf(clusterOf(4), { dead: [], cuts: cutOff(clusterOf(4), ['node1', 'node2'], true) });
    assert.match(warnings[0]!, /halves: an arbiter would decide/);
  });

  it('tells two nodes without a third vote what would help', () => {
    const { groups, warnings } = whatIf(clusterOf(2), { dead: ['node1'], cuts: [] });
    assert.equal(groups[0]!.after, null);
    assert.match(warnings[0]!, /third vote .* or fencing/);
  });

  it('warns where two could run programs without fencing, and only there', () => {
    const moved = whatIf(clusterOf(3), { dead: ['node2'], cuts: [] }).warnings;
    assert.equal(moved.length, 1);
    assert.match(moved[0]!, /two could run Filesystem of db without fencing/);
    assert.deepEqual(whatIf(clusterOf(3), { dead: ['node1'], cuts: [] }).warnings, []);
  });

  describe('with fencing', () => {
    const anyNode = { directive: 'stonith_host', from: '*', type: 'external/ipmi', parameters: '' } as const;
    const fencing = { ...defaultFencing, lines: [anyNode], devices: [], levels: {}, delays: {} };
    const needing = { defaults: {}, groups: { db: { needsFencing: true, agents: {} } } };

    it('says who is fenced before a group that needs it starts elsewhere, and that others do not wait', () => {
      const cluster = clusterOf(3, { fencing, resources: needing });
      const { groups, fenced, warnings } = whatIf(cluster, { dead: ['node2'], cuts: [] });
      assert.equal(groups[1]!.after, 'node1');
      assert.deepEqual(fenced, [{ node: 'node2', by: 'node1' }]);
      assert.match(warnings[0]!, /^db starts elsewhere only once node1 has fenced node2/);
      assert.deepEqual(whatIf(clusterOf(3, { fencing }), { dead: ['node2'], cuts: [] }).fenced, []);
    });

    it('says where nothing could fence', () => {
      const { groups, warnings } = whatIf(clusterOf(3, { resources: needing }), { dead: ['node2'], cuts: [] });
      assert.equal(groups[1]!.after, null);
      assert.match(warnings[0]!, /fencing has to be confirmed first, and no device is configured/);
    });

    it('leaves one of two nodes, the first where they are cut apart', () => {
      const cluster = clusterOf(2, { fencing });
      assert.deepEqual(owners(cluster, { dead: ['node1'], cuts: [] }), ['node2', 'node2']);
      const { groups, fenced } = whatIf(cluster, { dead: [], cuts: cutOff(cluster, ['node1']) });
      assert.deepEqual(
        groups.map(({ after }) => after),
        ['node1', 'node1'],
      );
      assert.deepEqual(fenced, [{ node: 'node2', by: 'node1' }]);
    });
  });

  it('never sees two holders, and the minority is silent, in all pairs of failures of five', () => {
    const cluster = clusterOf(5);
    const failures = [...singleFailures(cluster), ...pairFailures(cluster)];
    assert.equal(failures.length, 2 * 5 + 3 * 10);
    const folded = playAll(cluster, failures);
    assert.equal(folded.flatMap((one) => one.failures).length, failures.length);
    for (const { outcome } of folded) {
      assert.deepEqual(
        outcome.groups.filter(({ after }) => after === null),
        [],
      );
      assert.deepEqual(
        outcome.warnings.filter((warning) => warning.includes('in one instant')),
        [],
      );
    }
  });

  it('plays clusters whose leases lie in a store: two nodes live without each other, and nobody without it', () => {
    const store = { kind: 'etcd', endpoints: ['http://10.0.0.5:2379'] } as const;
    const cluster = clusterOf(2, { store, timings: { ...defaultTimings, lease: 4000 } });
    const calm = owners(cluster, none);
    assert.deepEqual(
      calm.filter((holder) => holder === null),
      [],
    );
    assert.deepEqual(owners(cluster, { dead: ['node1'], cuts: [] }), ['node2', 'node2']);
    assert.deepEqual(owners(cluster, { dead: [], cuts: cutOff(cluster, ['node2']) }), ['node1', 'node1']);
    assert.deepEqual(owners(cluster, { dead: [], cuts: [['node1', 'node2']] }), calm);
    const { groups, warnings } = whatIf(cluster, { dead: ['etcd'], cuts: [] });
    assert.deepEqual(
      groups.map(({ after }) => after),
      [null, null],
    );
    assert.match(warnings[0]!, /no node reaches the store/);
  });

  it('never takes longer than the bound that status prints, also with an arbiter that is far away', () => {
    const far = { arbiters: [{ name: 'vote1', address: '10.0.0.9', port: 5561, roundTrip: 200 }] };
    const timings = { ...defaultTimings, keepalive: 300, deadtime: 1500, lease: 1500 };
    for (const cluster of [clusterOf(3), clusterOf(5), clusterOf(2, { ...far, timings })]) {
      const bound = outageBound(cluster).total;
      const holder = whatIf(cluster, none).groups[0]!.after!;
      const web = whatIf(cluster, { dead: [holder], cuts: [] }).groups[0]!;
      assert.ok(web.after !== null && web.after !== holder);
      assert.ok(web.outageMs !== null && web.outageMs <= bound, `${web.outageMs} ms, at most ${bound} ms`);
    }
  });

  it('fails back where the cluster does, and plays the same twice', () => {
    const play = (): string => {
      const rehearsal = new Rehearsal(clusterOf(3, { autoFailback: true }));
      rehearsal.settle();
      return JSON.stringify(rehearsal.decisions);
    };
    assert.equal(play(), play());
  });

  it('leaves those out that are absent from the start', () => {
    const rehearsal = new Rehearsal(clusterOf(3), ['node1']);
    rehearsal.settle();
    assert.deepEqual(rehearsal.holders('web'), ['node2']);
    assert.deepEqual(new Rehearsal(clusterOf(3), ['node1', 'node3']).holders('web'), []);
  });
});
