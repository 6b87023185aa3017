import assert from 'node:assert/strict';
import { complaintsAbout, complaintsWithout, holderOf, type Views } from '../../../src/drill/cluster-health.ts';
import type { GroupStatus, NodeStatus, Status } from '../../../src/wire/status.ts';

const names = ['node1', 'node2', 'node3'];

function view(node: string, holder: string | null, changes: Partial<Status> = {}): Status {
  const group: GroupStatus = {
    name: 'web',
    addresses: ['10.77.0.100'],
    preferred: 'node1',
    holder,
    since: 0,
    votes: [],
    leaseLeftMs: null,
    gateOpen: holder === node,
    protection: 'gate',
    reason: 'no majority',
  };
  const nodes: NodeStatus[] = names.map((name) => ({
    name,
    state: name === node ? 'self' : 'up',
    standby: false,
    lastHeardMs: 10,
    mac: null,
    configHash: 'c',
    bundleHash: 'b',
  }));
  const server = { address: '10.77.0.11', port: 80, weight: 1, configuredWeight: 1, checkedMsAgo: 5 };
  return {
    version: '0',
    node,
    cluster: 'lab',
    bundleHash: 'b',
    configHash: 'c',
    uptimeMs: 1000,
    quorum: { quorate: true, votes: 3, needed: 2, voters: names, silentMs: 0 },
    standby: false,
    nodes,
    arbiters: [],
    bound: { totalMs: 480, leaseMs: 300, attemptMs: 60, leastLeaseMs: 0 },
    groups: [group],
    services: [
      {
        key: '10.77.0.100:80/tcp',
        scheduler: 'mh',
        realServers: [{ ...server, alive: true, lastCheck: '200 OK in 2 ms' }],
      },
    ],
    counters: {},
    ...changes,
  };
}
const views = (...all: Status[]): Views => new Map(all.map((one) => [one.node, one]));
const whole = names.map((node) => view(node, 'node1'));
const changed = (changes: Partial<Status>): Views => views(whole[0]!, whole[1]!, { ...whole[2]!, ...changes });

describe('the health of a cluster', () => {
  it('is whole where all nodes agree', () => {
    assert.deepEqual(complaintsAbout(views(...whole)), []);
    assert.equal(holderOf(views(...whole), 'web'), 'node1');
  });

  const broken: readonly [string, Views, RegExp][] = [
    [
      'a node that does not answer',
      new Map([...views(...whole), ['node3', { unreachable: 'timed out' }]]),
      /node3 does not answer: timed out/,
    ],
    ['no quorum', changed({ quorum: { ...whole[2]!.quorum, quorate: false } }), /node3 is not quorate/],
    ['a silent voter', changed({ quorum: { ...whole[2]!.quorum, silentMs: 80 } }), /node3 is still silent/],
    ['standby', changed({ standby: true }), /node3 is in standby/],
    [
      'a dead peer',
      changed({ nodes: whole[2]!.nodes.map((one) => ({ ...one, state: one.name === 'node2' ? 'dead' : one.state })) }),
      /node3 sees node2 as dead/,
    ],
    [
      'a group without holder',
      views(...names.map((node) => view(node, null))),
      /group web is held by nobody: no majority/,
    ],
    ['two open gates', views(whole[0]!, view('node2', 'node2'), whole[2]!), /group web is held by node1 and node2/],
    [
      'a node of another opinion',
      views(whole[0]!, whole[1]!, view('node3', 'node2')),
      /node3 takes node2 for the holder/,
    ],
    ['another configuration', changed({ configHash: 'd' }), /different configurations/],
    [
      'a dead real server',
      changed({
        services: [
          {
            ...whole[2]!.services[0]!,
            realServers: [{ ...whole[2]!.services[0]!.realServers[0]!, alive: false, lastCheck: 'connection refused' }],
          },
        ],
      }),
      /real server 10\.77\.0\.11:80 .* not alive: connection refused/,
    ],
  ];
  for (const [what, seen, expected] of broken) {
    it(`complains about ${what}`, () => assert.match(complaintsAbout(seen).join('\n'), expected));
  }

  it('has coped with a loss once all others see it and one of them holds', () => {
    const lost = (node: string, holder: string | null): Status => {
      const status = view(node, holder);
      return {
        ...status,
        nodes: status.nodes.map((one) => ({ ...one, state: one.name === 'node1' ? 'dead' : one.state })),
      };
    };
    assert.deepEqual(
      complaintsWithout('node1', 'web', views(lost('node2', 'node2'), lost('node3', 'node2')), true),
      [],
    );
    assert.match(complaintsWithout('node1', 'web', views(lost('node2', null)), true).join(), /held by nobody/);
    assert.match(
      complaintsWithout('node1', 'web', views(view('node2', 'node2')), true).join(),
      /still sees node1 as up/,
    );
    assert.match(complaintsWithout('node1', 'web', new Map(), true).join(), /no other node answers/);
    assert.deepEqual(complaintsWithout('node1', 'web', views(...whole), false), []);
    assert.match(
      complaintsWithout('node1', 'web', views(...names.map((node) => view(node, null))), false).join(),
      /held by nobody/,
    );
  });
});
