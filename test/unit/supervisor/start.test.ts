import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../src/base/problem.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { defaultDriftBound, defaultTimings } from '../../../src/model/defaults.ts';
import type { Resource } from '../../../src/model/resource-group.ts';
import { beginIncarnation, ownName } from '../../../src/supervisor/identity.ts';
import { placeAddresses } from '../../../src/supervisor/placement-on-devices.ts';
import { arpWarnings } from '../../../src/supervisor/startup-checks.ts';
import { readControlRequest } from '../../../src/wire/control.ts';

function cluster(...resources: Resource[]): Cluster {
  return {
    name: 'test',
    nodes: ['node1', 'node2.example.org', 'node3'],
    arbiters: [],
    links: [],
    udpPort: 694,
    timings: defaultTimings,
    autoFailback: false,
    noQuorum: 'stop',
    pingNodes: [],
    groups: [{ name: 'web', preferred: 'node1', resources }],
    services: [],
    driftBound: defaultDriftBound,
  };
}
const address = (text: string, prefix?: number, device?: string): Resource => ({
  kind: 'address',
  address: text,
  prefix,
  interface: device,
});
const networks = [
  { device: 'eth0', cidr: '10.77.0.11/24' },
  { device: 'eth1', cidr: '192.168.5.1/16' },
  { device: 'eth0', cidr: 'fd00:77::11/64' },
];

describe('the start of musterd', () => {
  describe('which node this is', () => {
    it('is what uname says, in any case, or what stands before its first dot', () => {
      assert.equal(ownName(cluster(), 'NODE1'), 'node1');
      assert.equal(ownName(cluster(), 'node3.example.org'), 'node3');
      assert.equal(ownName(cluster(), 'node2.example.org'), 'node2.example.org');
    });
    it('is a Problem that names the known ones where ha.cf does not have it', () => {
      assert.throws(() => ownName(cluster(), 'node9'), /Cannot run node "node9" .*node1, node2\.example\.org, node3/);
    });
  });

  describe('the count of starts', () => {
    let directory = '';
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'musterd-start-'));
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));
    const begin = (lease = 200, unixSeconds = 0) =>
      beginIncarnation(join(directory, 'state'), join(directory, 'run'), lease, unixSeconds);

    it('grows with each start, so that incarnations order as text', () => {
      const seen = [begin(), begin(), begin()].map(({ incarnation }) => incarnation);
      assert.deepEqual([...seen].sort(), seen);
      assert.match(seen[2]!, /^0{15}3[0-9a-f]{16}$/);
    });
    it('survives the loss of the run directory, as in a boot', () => {
      begin();
      rmSync(join(directory, 'run'), { recursive: true });
      assert.match(begin().incarnation, /^0{15}2/);
    });
    it('is above the one of a disk that was lost, so that peers do not take the new machine for an old one', () => {
      const before = [begin(200, 1_700_000_000), begin(200, 1_700_000_000)].at(-1)!.incarnation;
      rmSync(join(directory, 'run'), { recursive: true });
      rmSync(join(directory, 'state'), { recursive: true });
      const after = begin(200, 1_700_000_060).incarnation;
      assert.ok(after > before);
      assert.ok(begin(200, 5).incarnation > after, 'a clock that was set back changes nothing');
    });
    it('goes on in the run directory where the durable one cannot be written', () => {
      writeFileSync(join(directory, 'state'), 'a file where a directory should be');
      assert.match([begin(), begin()][1]!.incarnation, /^0{15}2/);
      writeFileSync(join(directory, 'other'), '');
      assert.throws(() => beginIncarnation(join(directory, 'other'), join(directory, 'other'), 200), Problem);
    });
    it('remembers the longest lease since the last boot', () => {
      assert.equal(begin(5000).longestLease, 5000);
      assert.equal(begin(200).longestLease, 5000);
      rmSync(join(directory, 'run'), { recursive: true });
      assert.equal(begin(200).longestLease, 200);
    });
    it('reads a damaged file as no count', () => {
      mkdirSync(join(directory, 'state'));
      writeFileSync(join(directory, 'state/starts'), 'rubbish');
      chmodSync(join(directory, 'state/starts'), 0o600);
      assert.match(begin().incarnation, /^0{15}1/);
    });
  });

  describe('where addresses go', () => {
    it('is what haresources says, else the device in whose network they are', () => {
      const placed = placeAddresses(
        cluster(
          address('10.77.0.100'),
          address('fd00:77::100'),
          address('10.9.9.9', 32, 'eth1'),
          address('192.168.77.1'),
        ),
        networks,
      );
      assert.deepEqual(
        placed.map(({ device, prefix }) => [device, prefix]),
        [
          ['eth0', 24],
          ['eth0', 64],
          ['eth1', 32],
          ['eth1', 16],
        ],
      );
    });
    it('is not where a leftover of the address itself lies', () => {
      const leftover = { device: 'dummy0', cidr: '10.77.0.100/32' };
      assert.equal(placeAddresses(cluster(address('10.77.0.100')), [leftover, ...networks])[0]!.device, 'eth0');
    });
    it('is a Problem where no device is in its network', () => {
      assert.throws(() => placeAddresses(cluster(address('172.16.0.1')), networks), /Cannot hold "172\.16\.0\.1"/);
    });
  });

  it('warns of ARP settings with which a real server would answer or ask for the virtual IP', () => {
    const placed = [{ group: 'web', address: '10.77.0.100', device: 'eth0', prefix: 24 }];
    const values: Record<string, number> = {
      'all/arp_ignore': 0,
      'eth0/arp_ignore': 1,
      'all/arp_announce': 0,
      'eth0/arp_announce': 1,
    };
    const warnings = arpWarnings(placed, (device, name) => values[`${device}/${name}`]!);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /arp_announce is 1/);
  });

  it('takes only requests that it knows from the control socket', () => {
    assert.deepEqual(readControlRequest('{"request":"explain","group":"web"}'), { request: 'explain', group: 'web' });
    const fence = { request: 'fence', target: 'node1', confirmed: false };
    assert.deepEqual(readControlRequest('{"request":"fence","target":"node1"}'), fence);
    for (const line of [
      '',
      '{',
      '[]',
      'null',
      '"status"',
      '{"request":"reboot"}',
      '{"request":"explain","group":7}',
      '{"request":"fence"}',
    ])
      assert.equal(typeof readControlRequest(line), 'string', line);
  });
});
