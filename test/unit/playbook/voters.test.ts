import assert from 'node:assert/strict';
import type { FactReader } from '../../../src/playbook/facts/fact.ts';
import type { SupervisorStatus } from '../../../src/playbook/facts/supervisor.ts';
import type { Decision } from '../../../src/playbook/module.ts';
import { voters } from '../../../src/playbook/modules/voters.ts';

const three = ['node1', 'node2', 'node3'];

type More = {
  epoch?: number | undefined;
  store?: { where: string } | null;
  up?: readonly string[];
  arbiters?: Readonly<Record<string, string>>;
};

/** What is decided where `running` vote and the inventory wants `wanted`. */
function decide(
  state: 'recorded' | 'joined',
  running: readonly string[] | undefined,
  wanted: readonly string[],
  more: More = {},
): Decision {
  const nodes = (more.up ?? wanted).map((name) => ({ name, state: 'up' }));
  const quorum = { quorate: true, voters: running, epoch: 'epoch' in more ? more.epoch : 0 };
  const arbiters = Object.entries(more.arbiters ?? {}).map(([name, state]) => ({ name, state, problem: null }));
  const status = running && ({ quorum, nodes, arbiters, store: more.store ?? null } as unknown as SupervisorStatus);
  const facts = { get: () => status } as unknown as FactReader;
  return voters.decide({ voters: wanted, state } as never, facts);
}

function programOf(decision: Decision): string {
  assert.equal(decision.outcome, 'changed');
  const [step] = decision.outcome === 'changed' ? decision.steps : [];
  return step?.kind === 'program' ? step.program : assert.fail('no program');
}

describe('voters', () => {
  it('records who votes before files come that name more, and does nothing where they name the same', () => {
    assert.equal(programOf(decide('recorded', three, [...three, 'node4', 'node5'])), 'musterd reconfigure');
    for (const state of ['recorded', 'joined'] as const) assert.equal(decide(state, three, three).outcome, 'ok');
    assert.equal(decide('recorded', three, [...three, 'node4'], { epoch: 2 }).outcome, 'ok', 'recorded long ago');
  });

  it('refuses files without somebody who still votes, whether that is recorded or not', () => {
    for (const epoch of [0, 3]) {
      const refused = decide('recorded', three, ['node1', 'node2'], { epoch });
      assert.ok(refused.outcome === 'failed');
      assert.match(refused.message, /^Cannot leave "node3" out of the configuration as it must not vote any more: /);
      assert.match(refused.hint ?? '', /muster reconfigure/);
    }
  });

  it('refuses to add to nodes that cannot record who votes', () => {
    const refused = decide('recorded', three, [...three, 'node4'], { epoch: undefined });
    assert.ok(refused.outcome === 'failed');
    assert.match(refused.message, /this musterd is too old/);
  });

  it('lets those vote that are heard by then, one after the other', () => {
    const wanted = [...three, 'node4', 'node5', 'far', 'away'];
    const arbiters = { far: 'up', away: 'unknown' };
    assert.equal(
      programOf(decide('joined', three, wanted, { epoch: 1, up: [...three, 'node4'], arbiters })),
      'musterd reconfigure --add node4 && musterd reconfigure --add far',
    );
  });

  it('changes nothing where nobody votes: musterd does not run, or a store has the leases', () => {
    for (const state of ['recorded', 'joined'] as const) {
      assert.equal(decide(state, undefined, three).outcome, 'ok');
      assert.equal(decide(state, ['etcd'], three, { store: { where: 'http://10.0.0.5:2379' } }).outcome, 'ok');
    }
  });
});
