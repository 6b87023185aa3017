import assert from 'node:assert/strict';
import { labInjector } from '../../../src/drill/lab-injector.ts';
import { listScenarios, scenarioNamed, scenarioNames } from '../../../src/drill/scenarios.ts';
import type { LabFaults, LabNode } from '../../../src/lab/types.ts';

const others = ['node2', 'node3'];

/** A lab that only remembers what it was asked for, as `verb argument ...`; power and freezes show in its nodes. */
function remembered(): { asked: string[]; faults: LabFaults; nodes: () => LabNode[] } {
  const asked: string[] = [];
  const off = new Set<unknown>();
  const frozen = new Set<unknown>();
  const faults = new Proxy({} as LabFaults, {
    get:
      (_, verb: string) =>
      async (node: unknown, ...rest: unknown[]) => {
        asked.push([verb, ...[node, ...rest].map((one) => JSON.stringify(one))].join(' '));
        if (verb === 'powerOff') off.add(node);
        if (verb === 'powerOn') off.delete(node);
        if (verb === 'freeze') frozen.add(node);
      },
  });
  const nodes = (): LabNode[] =>
    ['node1', ...others].map((name) => {
      const state = { power: off.has(name) ? 'off' : 'on', frozen: frozen.has(name) } as const;
      return { name, address: '', address6: '', mac: '', sshSocket: '', ...state };
    });
  return { asked, faults, nodes };
}

describe('the scenarios of a drill', () => {
  it('each break the named node, and end by themselves what they began', async () => {
    for (const name of scenarioNames) {
      const { asked, faults, nodes } = remembered();
      const injector = labInjector(faults, nodes);
      const list = scenarioNamed(name).faults('node1', others);
      assert.ok(list.length > 0, name);
      for (const fault of list) await injector.begin(fault);
      assert.ok(asked.length > 0 && asked.every((line) => line.includes('node1')), `${name}: ${asked.join('; ')}`);
      const begun = asked.length;
      for (const fault of [...list].reverse()) await injector.end(fault);
      const instants = ['flush', 'nftables-restart'];
      assert.equal(asked.length > begun, !instants.includes(name), `${name}: ${asked.join('; ')}`);
    }
  });

  it('part a node from all others in both directions, and the deaf and the mute in one', async () => {
    const cutsOf = async (name: string): Promise<string[]> => {
      const { asked, faults, nodes } = remembered();
      for (const fault of scenarioNamed(name).faults('node1', others)) await labInjector(faults, nodes).begin(fault);
      return asked;
    };
    assert.deepEqual(await cutsOf('partition'), ['cut ["node1"] ["node2","node3"]', 'cut ["node2","node3"] ["node1"]']);
    assert.deepEqual(await cutsOf('deaf'), ['cut ["node2"] ["node1"]', 'cut ["node3"] ["node1"]']);
    assert.deepEqual(await cutsOf('mute'), ['cut ["node1"] ["node2"]', 'cut ["node1"] ["node3"]']);
  });

  it('strike the processes of another service where one is named', async () => {
    const { asked, faults, nodes } = remembered();
    const injector = labInjector(faults, nodes, { unit: 'keepalived', daemon: '/usr/sbin/keepalived' });
    await injector.begin({ kind: 'kill', node: 'node1' });
    await injector.end({ kind: 'kill', node: 'node1' });
    const killed = 'signal "node1" "/usr/sbin/keepalived" "SIGKILL"';
    assert.deepEqual(asked, [killed, 'run "node1" ["systemctl","start","keepalived"]']);
  });

  it('refuse where a fault did not take effect', async () => {
    const { faults } = remembered();
    const stillOn = (): LabNode[] => remembered().nodes();
    await assert.rejects(
      labInjector(faults, stillOn).begin({ kind: 'power', node: 'node1' }),
      /Cannot drill node "node1" as the fault must take effect: it is not powered off/,
    );
  });

  it('are known by name, and the nearest is offered', () => {
    assert.throws(
      () => scenarioNamed('partitoin'),
      (error: Error & { hint?: string }) => error.hint === 'did you mean partition?',
    );
    assert.equal(listScenarios().split('\n').length, scenarioNames.length);
  });
});
