import assert from 'node:assert/strict';
import { scenarioNamed } from '../../../src/drill/scenarios.ts';
import { victimsOf } from '../../../src/drill/victims.ts';
import type { Host } from '../../../src/model/inventory.ts';

const hosts = ['node1', 'node2', 'vote1', 'etcd1', 'etcd2', 'web1'].map((name, index) => ({
  name,
  ssh: { address: `10.77.0.${11 + index}` },
})) as unknown as readonly Host[];
const endpoints = ['http://10.77.0.14:2379', 'https://etcd2:2379', 'http://10.77.0.11:2379', 'http://[fd77::9]:2379'];
const arbiter = { name: 'vote1', address: '10.77.0.13', port: 5561, roundTrip: undefined };
const cluster = { name: 'pair', nodes: ['node2', 'node1'], arbiters: [arbiter] };

const victims = (scenario: string, more: object = {}): string[] =>
  victimsOf(scenarioNamed(scenario), { ...cluster, ...more }, hosts).map(({ name }) => name);

describe('the victims of a scenario', () => {
  it('are the nodes in their order, the arbiters, or the hosts of etcd that are no nodes', () => {
    assert.deepEqual(victims('plug-pull'), ['node2', 'node1']);
    assert.deepEqual(victims('arbiter-loss'), ['vote1']);
    assert.deepEqual(victims('store-loss', { store: { kind: 'etcd', endpoints } }), ['etcd1', 'etcd2']);
  });

  it('refuse a drill where the inventory has none', () => {
    assert.throws(() => victims('arbiter-loss', { arbiters: [] }), /Cannot drill scenario "arbiter-loss" .* none is/);
    for (const store of [undefined, { kind: 'disk', device: '/dev/sda', reservation: 'none' }])
      assert.throws(() => victims('store-loss', { store }), /must be an etcd endpoint of the cluster: none is/);
  });
});
