/** The rules of muster.yml as whole clusters follow them: the same `step` that nodes run, played by the rehearsal. */
import assert from 'node:assert/strict';
import { Rehearsal } from '../../../src/core/rehearsal.ts';
import { whatIf } from '../../../src/core/what-if.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { noGroupPlacement, noPlacement, type Placement } from '../../../src/model/placement.ts';
import { clusterOf } from '../../simulation/cluster.ts';

function cluster(groups: number, placement: Partial<Placement>, more: Partial<Cluster> = {}): Cluster {
  const plain = clusterOf({ nodes: 3, arbiters: 0, groups, autoFailback: false, driftBound: 0.001, fast: false });
  return {
    ...plain,
    ...more,
    groups: plain.groups.map((group) => ({ ...group, preferred: 'node1' })),
    placement: { ...noPlacement, ...placement },
  };
}

const fault = (...dead: string[]): Parameters<typeof whatIf>[1] => ({ dead, cuts: [] });

function owners(given: Cluster, ...dead: string[]): Record<string, readonly [string | null, string | null]> {
  const { groups, warnings } = whatIf(given, fault(...dead));
  assert.deepEqual(
    warnings.filter((warning) => warning.includes('defect')),
    [],
  );
  return Object.fromEntries(groups.map(({ group, before, after }) => [group, [before, after]]));
}

describe('rules of placement in a cluster that runs', function () {
  this.timeout(60_000);

  it('decide where groups begin and where they go, never to a node where one may not be', () => {
    const given = cluster(2, {
      groups: {
        web1: { ...noGroupPlacement, prefer: { node2: 200, node3: 50 } },
        web2: { ...noGroupPlacement, never: ['node1', 'node2'] },
      },
    });
    assert.deepEqual(owners(given, 'node2'), { web1: ['node2', 'node1'], web2: ['node3', 'node3'] });
    // Nobody else may have web2: it waits for its node.
    assert.deepEqual(owners(given, 'node3'), { web1: ['node2', 'node2'], web2: ['node3', null] });
  });

  it('keep groups apart, spread what a lost node had, and move nobody else', () => {
    const apart = cluster(3, { rules: [{ kind: 'apart', groups: ['web1', 'web2', 'web3'], strict: false }] });
    assert.deepEqual(owners(apart, 'node3'), {
      web1: ['node1', 'node1'],
      web2: ['node2', 'node2'],
      web3: ['node3', 'node1'],
    });
    const free = Object.fromEntries(
      ['web1', 'web2', 'web3', 'web4', 'web5', 'web6'].map((name) => [
        name,
        { ...noGroupPlacement, prefer: { node1: 0 } },
      ]),
    );
    const six = owners(cluster(6, { groups: free }), 'node2');
    assert.deepEqual(
      Object.values(six).map(([before]) => before),
      ['node1', 'node2', 'node3', 'node1', 'node2', 'node3'],
    );
    assert.deepEqual(
      Object.values(six).map(([, after]) => after),
      ['node1', 'node1', 'node3', 'node1', 'node3', 'node3'],
    );
  });

  it('run nothing where there is no room for it', () => {
    const uses = (memory: number): Placement['groups'][string] => ({ ...noGroupPlacement, uses: { memory } });
    const capacity = { node1: { memory: 8 }, node2: { memory: 4 }, node3: { memory: 4 } };
    const given = cluster(2, { groups: { web1: uses(6), web2: uses(4) }, capacity });
    assert.deepEqual(owners(given, 'node1'), { web1: ['node1', null], web2: ['node2', 'node2'] });
  });

  /** Who holds each group before a node dies, when it is dead, and when it is back for good. */
  function comesBack(given: Cluster, node: string, later: (rehearsal: Rehearsal) => void = () => {}): string[] {
    const rehearsal = new Rehearsal(given);
    const seen = (): string => given.groups.map(({ name }) => rehearsal.holders(name).join('+') || '-').join(' ');
    rehearsal.settle();
    const all = [seen()];
    rehearsal.kill(node);
    rehearsal.settle();
    all.push(seen());
    rehearsal.start(node);
    rehearsal.run(30_000);
    all.push(seen());
    later(rehearsal);
    rehearsal.run(30_000);
    all.push(seen());
    assert.deepEqual([...rehearsal.doubled], []);
    return all;
  }

  it('repair what a takeover had to break once they can, by a hand-over, whatever failback says', () => {
    const rules: Placement['rules'] = [{ kind: 'apart', groups: ['web1', 'web2'], strict: false }];
    const given = cluster(2, {
      rules,
      groups: { web2: { ...noGroupPlacement, never: ['node3'] }, web1: { ...noGroupPlacement, never: ['node3'] } },
    });
    assert.deepEqual(comesBack(given, 'node2'), ['node1 node2', 'node1 node1', 'node2 node1', 'node2 node1']);
  });

  it('let groups fail back on, off, after a while, and in their window', () => {
    const failing = (failback: Placement['failback'], more: Partial<Placement> = {}): Cluster =>
      cluster(1, { failback, ...more });
    assert.deepEqual(comesBack(failing({ kind: 'on' }), 'node1'), ['node1', 'node2', 'node1', 'node1']);
    assert.deepEqual(comesBack(failing({ kind: 'on' }, { stickiness: 100 }), 'node1'), [
      'node1',
      'node2',
      'node2',
      'node2',
    ]);
    assert.deepEqual(comesBack(failing({ kind: 'off' }), 'node1'), ['node1', 'node2', 'node2', 'node2']);
    assert.deepEqual(comesBack(failing({ kind: 'after', delay: 40_000 }), 'node1'), [
      'node1',
      'node2',
      'node2',
      'node1',
    ]);
    const window = { kind: 'window', window: { days: [1], from: 60, to: 120 } } as const;
    const monday = 24 * 60;
    assert.deepEqual(
      comesBack(failing(window), 'node1', (rehearsal) => rehearsal.tellTime(monday + 59)),
      ['node1', 'node2', 'node2', 'node2'],
    );
    assert.deepEqual(
      comesBack(failing(window), 'node1', (rehearsal) => rehearsal.tellTime(monday + 60)),
      ['node1', 'node2', 'node2', 'node1'],
    );
  });

  it('are explained with each score', () => {
    const given = cluster(2, {
      stickiness: 20,
      groups: { web1: { ...noGroupPlacement, prefer: { node2: 30 }, never: ['node3'] } },
    });
    const rehearsal = new Rehearsal(given);
    rehearsal.settle();
    const { candidates } = rehearsal.view('node1').groups.find(({ name }) => name === 'web1')!;
    assert.deepEqual(
      candidates.map(({ node, score, why }) => [node, score, why]),
      [
        ['node1', 120, 'score 120: 100 preferred, 20 as it runs there, its preferred node, alive and quorate'],
        ['node2', 30, 'score 30: 30 preferred, alive and quorate'],
        ['node3', null, 'never here, by its rules'],
      ],
    );
  });

  it('leave a cluster without rules as it was', () => {
    const plain = cluster(2, {}, { placement: undefined });
    assert.deepEqual(
      whatIf({ ...plain, placement: undefined }, fault('node1')).groups.map(({ after }) => after),
      ['node2', 'node2'],
    );
  });
});
