import assert from 'node:assert/strict';
import type { FactReader } from '../../../src/playbook/facts/fact.ts';
import type { SupervisorStatus } from '../../../src/playbook/facts/supervisor.ts';
import { clusterStatus } from '../../../src/playbook/modules/cluster-status.ts';

type Group = SupervisorStatus['groups'][number];

const held: Group = { name: 'db', holder: 'node1', gateOpen: true };

/** What is wrong, as node1's musterd says it; '' where nothing is. */
function problemOf(seen: Partial<SupervisorStatus>, wanted: { readonly arbiters?: readonly string[] } = {}): unknown {
  const status: SupervisorStatus = {
    node: 'node1',
    bundleHash: '',
    configHash: '',
    quorum: { quorate: true },
    nodes: [{ name: 'node1', state: 'self' }],
    groups: [held],
    services: [],
    ...seen,
  };
  const facts = { get: () => status } as unknown as FactReader;
  const args = { nodes: ['node1'], arbiters: [], real_servers: false, ...wanted };
  const decision = clusterStatus.decide(args as never, facts);
  assert.ok(decision.outcome === 'ok');
  const { healthy, problem: said } = decision.result as { healthy: boolean; problem: string };
  assert.equal(healthy, said === '');
  return said;
}

const problem = (...groups: readonly Group[]): unknown => problemOf({ groups });

describe('what musterd says of its cluster', () => {
  const free = { name: 'web', holder: null, gateOpen: false };

  it('is well where every group has a holder', () => {
    assert.equal(problem(held), '');
  });

  it('names the reason why a group has none, with what failed on which node', () => {
    assert.equal(
      problem(held, { ...free, reason: 'nobody holds it; node2 is next in line' }),
      'group web has no holder: nobody holds it; node2 is next in line',
    );
    const reason = 'nobody can take it: every node is standby, dead, without quorum, or gave it up as it failed there';
    const barredOn = [
      { node: 'node1', why: 'it gave it up: apache2 cannot run there: start: exit code 5 (not installed)' },
      { node: 'node2', why: 'it gave it up, as it failed there' },
    ];
    assert.equal(
      problem({ ...free, reason, barredOn }),
      `group web has no holder: ${reason}; node1: it gave it up: apache2 cannot run there: start: exit code 5 (not installed); node2: it gave it up, as it failed there`,
    );
  });

  it('says why an arbiter does not answer, where it has to; a connection alone is no answer', () => {
    const far = (state: string, why: string | null = null): Pick<SupervisorStatus, 'arbiters'> => ({
      arbiters: [
        { name: 'near', state: 'up', problem: null },
        { name: 'far', state, problem: why },
      ],
    });
    const both = { arbiters: ['near', 'far'] };
    for (const state of ['up', 'late']) assert.equal(problemOf(far(state), both), '');
    assert.equal(
      problemOf(far('dead', 'it refuses us: expired'), both),
      'node1 is not connected to arbiter far: it refuses us: expired',
    );
    assert.equal(problemOf(far('unknown'), both), 'node1 is not connected to arbiter far: nothing is heard of it yet');
    assert.equal(problemOf({}, both), 'node1 is not connected to arbiter near: its configuration does not have it');
    // Where the nodes renew without it.
    assert.equal(problemOf(far('dead', 'no answer in 3000 ms')), '');
  });

  it('says so where a musterd of another version says no reason', () => {
    assert.equal(problem(free), 'group web has no holder: its musterd does not say why');
  });
});
