import assert from 'node:assert/strict';
import { carryOut, type Operation } from '../../../src/cli/operate.ts';
import { Rehearsal } from '../../../src/core/rehearsal.ts';
import type { Views } from '../../../src/drill/cluster-health.ts';
import { buildStatus } from '../../../src/supervisor/status.ts';
import type { Status } from '../../../src/wire/status.ts';
import { clusterOf } from '../../simulation/cluster.ts';

const cluster = clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false });
const move: Operation = {
  doing: 'move web1 to node2',
  words: ['move', 'web1', 'node2'],
  missing: ({ groups }) => (groups[0]?.holder === 'node2' ? [] : [`it is on ${groups[0]?.holder}`]),
};

/** Three nodes as their musterd would show them; `away` do not answer. */
class FakeAccess {
  readonly asked: string[] = [];
  readonly away: ReadonlySet<string>;
  holder = 'node1';
  orders = 0;
  refusal = '';
  /** Answered, and then gone when the order comes. */
  readonly lost = new Set<string>();
  readonly #base: Status;

  constructor(away: readonly string[] = []) {
    this.away = new Set(away);
    const rehearsal = new Rehearsal(cluster);
    rehearsal.settle();
    const facts = {
      version: '1',
      cluster: 'c',
      bundleHash: '',
      configHash: '',
      startedAt: 0,
      services: [],
      arbiters: [],
      bound: null,
      counters: {},
      protection: 'gate' as const,
      layers: [],
      links: [],
      device: undefined,
      resources: () => [],
    };
    this.#base = buildStatus(rehearsal.view('node1'), facts, rehearsal.now, 1_000_000);
  }

  async views(nodes: readonly string[] = cluster.nodes): Promise<Views> {
    return new Map(
      nodes.map((node): [string, Status | { unreachable: string }] => {
        if (this.away.has(node)) return [node, { unreachable: `${node}: no route` }];
        const groups = this.#base.groups.map((group) => {
          return { ...group, holder: this.holder, gateOpen: node === this.holder };
        });
        return [node, { ...this.#base, node, groups, orders: this.orders }];
      }),
    );
  }

  async run(node: string, program: string): Promise<{ rc: number; stdout: Buffer; stderr: Buffer }> {
    this.asked.push(`${node}: ${program}`);
    if (this.lost.has(node)) throw new Error('the connection broke');
    if (this.refusal === '') {
      this.orders = 7;
      setTimeout(() => {
        this.holder = 'node2';
      }, 10);
    }
    const said = this.refusal === '' ? 'web1 is to run on node2' : this.refusal;
    return { rc: this.refusal === '' ? 0 : 2, stdout: Buffer.from(said), stderr: Buffer.from('') };
  }
}

const asAccess = (access: FakeAccess): Parameters<typeof carryOut>[0] =>
  access as unknown as Parameters<typeof carryOut>[0];

describe('orders of an operator through any node', () => {
  it('go to the first that answers, and wait until it is done', async () => {
    const access = new FakeAccess(['node1']);
    const done = await carryOut(asAccess(access), move, 20_000);
    assert.deepEqual(access.asked, ['node2: musterd move web1 node2']);
    assert.equal(done.done, true);
    assert.equal(done.through, 'node2');
    assert.deepEqual(done.knownTo, ['node2', 'node3']);
    assert.deepEqual(done.unreachable, [{ node: 'node1', why: 'no route' }]);
    assert.deepEqual(done.moved, [{ group: 'web1', from: 'node1', to: 'node2' }]);
  });

  it('go to the next where the connection breaks', async () => {
    const access = new FakeAccess();
    access.lost.add('node1');
    const done = await carryOut(asAccess(access), move, 20_000);
    assert.deepEqual(
      access.asked.map((line) => line.split(':')[0]),
      ['node1', 'node2'],
    );
    assert.equal(done.through, 'node2');
  });

  it('are refused once, with the reason', async () => {
    const access = new FakeAccess();
    access.refusal = 'Cannot move "web1" as node1 must not be in maintenance';
    await assert.rejects(carryOut(asAccess(access), move, 20_000), /node1 says: Cannot move "web1" as node1 must not/);
    assert.equal(access.asked.length, 1);
  });

  it('say what is missing when the time is over', async () => {
    const access = new FakeAccess();
    const done = await carryOut(asAccess(access), { ...move, missing: () => ['it is on node1'] }, 1);
    assert.equal(done.done, false);
    assert.deepEqual(done.missing, ['it is on node1']);
  });

  it('reach nobody where nobody answers', async () => {
    const access = new FakeAccess(['node1', 'node2', 'node3']);
    await assert.rejects(carryOut(asAccess(access), move, 1), { reason: 'hostUnreachable' });
  });
});
