import assert from 'node:assert/strict';
import type { View } from '../../../src/core/describe.ts';
import { linkSpecs } from '../../../src/supervisor/drivers/heartbeat-link.ts';
import type { LinkState } from '../../../src/supervisor/drivers/heartbeat-links.ts';
import { LinkWatch } from '../../../src/supervisor/link-watch.ts';

const eth0: LinkState = { name: 'ucast eth0', device: 'eth0', trouble: undefined, reaches: 2 };
const eth1: LinkState = { name: 'mcast eth1 239.0.0.1', device: 'eth1', trouble: undefined, reaches: undefined };

/** Peers by what the core says of them. */
function nodes(states: Readonly<Record<string, 'up' | 'dead' | 'unknown'>>): View['nodes'] {
  const common = { role: 'node', standby: false, quorate: true, lastHeardMs: 0, macs: {}, holds: [] } as const;
  const hashes = { configHash: null, bundleHash: null };
  const peers = Object.entries(states).map(([name, state]) => ({ name, state, ...common, ...hashes }));
  return [{ name: 'node1', state: 'self', ...common, ...hashes }, ...peers] as unknown as View['nodes'];
}

/** Both peers heard over these links every 50 ms until `until`, with a look every 100 ms; what was told meanwhile. */
function play(
  watch: LinkWatch,
  from: number,
  until: number,
  over: readonly LinkState[],
  states = nodes({ node2: 'up', node3: 'up' }),
) {
  const told: string[] = [];
  for (let now = from; now <= until; now += 50) {
    for (const link of over) for (const name of ['node2', 'node3']) watch.heard(name, link.name, now);
    if (now % 100 === 0) told.push(...watch.check([eth0, eth1], states, now).map(({ what, why }) => `${what}: ${why}`));
  }
  return told;
}

describe('links: an alert, and never a failover', () => {
  it('tells once when nothing comes over one link while another hears the peers, and once when it is back', () => {
    const watch = new LinkWatch(200);
    assert.deepEqual(play(watch, 0, 1000, [eth0, eth1]), []);
    assert.deepEqual(play(watch, 1050, 3000, [eth0]), [
      'link-silent: nothing heard of node2, node3 over mcast eth1 239.0.0.1 for 200 ms, while another link hears them',
    ]);
    const status = watch.status(eth1, nodes({ node2: 'up', node3: 'up' }), true, 3000);
    assert.deepEqual([status.state, status.peers.map(({ state }) => state)], ['down', ['silent', 'silent']]);
    assert.equal(watch.status(eth0, nodes({ node2: 'up', node3: 'up' }), true, 3000).state, 'up');
    assert.deepEqual(play(watch, 3050, 4000, [eth0, eth1]), [
      'link-heard: node2, node3 heard again over mcast eth1 239.0.0.1',
    ]);
  });

  it('says nothing of links when a peer is heard over none: then the peer has failed', () => {
    const watch = new LinkWatch(200);
    play(watch, 0, 1000, [eth0, eth1]);
    assert.deepEqual(play(watch, 1050, 1150, []), []);
    assert.deepEqual(play(watch, 1200, 3000, [], nodes({ node2: 'dead', node3: 'dead' })), []);
    const { state, peers } = watch.status(eth0, nodes({ node2: 'dead', node3: 'dead' }), true, 3000);
    assert.deepEqual([state, peers.map((peer) => peer.state)], ['up', ['unknown', 'unknown']]);
  });

  it('tells of a link that never heard a peer at all, when the peer had time', () => {
    const watch = new LinkWatch(200);
    const told = play(watch, 0, 2000, [eth0]);
    assert.equal(told.length, 1);
    assert.match(told[0]!, /^link-silent: nothing heard of node2, node3 over mcast/);
  });

  it('says that a link is well again when nobody is missed over it any more', () => {
    const watch = new LinkWatch(200);
    const up = nodes({ node2: 'up', node3: 'up' });
    const told: (readonly [string, boolean])[] = [];
    for (let now = 0; now <= 4000; now += 50) {
      for (const name of ['node2', 'node3']) {
        watch.heard(name, eth0.name, now);
        const missed = now > 1000 && now <= (name === 'node2' ? 2000 : 3000);
        if (!missed) watch.heard(name, eth1.name, now);
      }
      told.push(...watch.check([eth0, eth1], up, now).map(({ what, well }) => [what, well] as const));
    }
    assert.deepEqual(told, [
      ['link-silent', false],
      ['link-heard', false],
      ['link-heard', true],
    ]);
  });

  it('says that a peer is back also where it had failed altogether meanwhile', () => {
    const watch = new LinkWatch(200);
    play(watch, 0, 1000, [eth0, eth1]);
    assert.equal(play(watch, 1050, 2000, [eth0]).length, 1);
    assert.deepEqual(play(watch, 2050, 4000, [], nodes({ node2: 'dead', node3: 'dead' })), []);
    assert.deepEqual(play(watch, 4050, 5000, [eth0, eth1]), [
      'link-heard: node2, node3 heard again over mcast eth1 239.0.0.1',
    ]);
  });

  it('knows degraded links, cables that are out, and links that are not open', () => {
    const watch = new LinkWatch(200);
    const up = nodes({ node2: 'up', node3: 'up' });
    for (let now = 0; now <= 1000; now += 50) {
      for (const name of ['node2', 'node3']) watch.heard(name, eth0.name, now);
      watch.heard('node2', eth1.name, now);
      watch.check([eth0, eth1], up, now);
    }
    const { state, why } = watch.status(eth1, up, true, 1000);
    assert.deepEqual([state, why], ['degraded', 'nothing heard of node3']);
    assert.equal(watch.status(eth0, up, false, 1000).why, 'eth0 has no carrier');
    const shut = { ...eth0, trouble: 'eth0 has no IPv4 address' };
    assert.deepEqual(
      [watch.status(shut, up, true, 1000).state, watch.status(shut, up, true, 1000).why],
      ['down', shut.trouble],
    );
  });

  it('expects on a ucast link only as many peers as it names', () => {
    const watch = new LinkWatch(200);
    const one: LinkState = { ...eth0, reaches: 1 };
    for (let now = 0; now <= 1000; now += 50) {
      watch.heard('node2', one.name, now);
      for (const name of ['node2', 'node3']) watch.heard(name, eth1.name, now);
      assert.deepEqual(watch.check([one, eth1], nodes({ node2: 'up', node3: 'up' }), now), []);
    }
  });
});

describe('links of ha.cf', () => {
  it('are one for all ucast lines of a device and family, one a bcast device, one a multicast group', () => {
    const specs = linkSpecs(
      [
        { method: 'ucast', device: 'eth0', peer: '10.0.0.1' },
        { method: 'ucast', device: 'eth0', peer: '10.0.0.2' },
        { method: 'ucast', device: 'eth0', peer: 'fd77::1' },
        { method: 'bcast', device: 'eth1' },
        { method: 'mcast', device: 'eth1', group: 'ff12::1', port: 700, ttl: 1, loop: 0 },
        { method: 'mcast', device: 'eth0', group: '239.0.0.1', port: 694, ttl: 1, loop: 0 },
      ],
      694,
    );
    assert.deepEqual(
      specs.map(({ name, port, peers }) => [name, port, peers]),
      [
        ['ucast eth0', 694, ['10.0.0.1', '10.0.0.2']],
        ['ucast6 eth0', 694, ['fd77::1']],
        ['bcast eth1', 694, []],
        ['mcast6 eth1 ff12::1', 700, []],
        ['mcast eth0 239.0.0.1', 694, []],
      ],
    );
  });
});
