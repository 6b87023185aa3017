import assert from 'node:assert/strict';
import { parseArpTable, parseNeighbours } from '../../../src/supervisor/drivers/nftables-balancer-neighbours.ts';
import {
  addressOfChain,
  chainsOf,
  type Forwarding,
  renderForwarding,
  targetChain,
} from '../../../src/supervisor/drivers/nftables-balancer-ruleset.ts';
import { readKernelTable } from '../../../src/supervisor/drivers/nftables-balancer-table.ts';

const forwarding: Forwarding = {
  device: 'eth0',
  mac: '02:00:00:00:00:01',
  services: [
    {
      address: '10.77.0.100',
      port: 80,
      protocol: 'tcp',
      flowKey: 'flow',
      seed: 0x1234,
      targets: [
        { address: '10.77.0.11', mac: undefined },
        { address: '10.77.0.12', mac: '02:00:00:00:00:02' },
      ],
      slots: [0, 0, 1, 0],
      keepers: [
        { address: '10.77.0.11', mac: undefined },
        { address: '10.77.0.13', mac: '02:00:00:00:00:03' },
      ],
    },
    {
      address: 'fd00::100',
      port: 53,
      protocol: 'udp',
      flowKey: 'client',
      seed: 7,
      targets: [
        { address: 'fd00::12', mac: '02:00:00:00:00:02' },
        { address: 'fd00::13', mac: '02:00:00:00:00:03' },
      ],
      slots: [0, 1],
      keepers: [],
    },
    {
      address: '10.77.0.101',
      port: 80,
      protocol: 'tcp',
      flowKey: 'flow',
      seed: 9,
      targets: [],
      slots: [],
      keepers: [],
    },
  ],
};

describe('supervisor/drivers/nftables-balancer: rules', () => {
  it('renders one transaction: emptied, filled, and what nobody needs deleted', () => {
    const lines = renderForwarding(forwarding, ['to-10.77.0.12', 'to-10.77.0.99']).split('\n');
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('add rule')),
      [
        'add map netdev muster flows4 { type ipv4_addr . inet_service . ipv4_addr . inet_service : mark; size 131072; flags dynamic,timeout; timeout 5m; }',
        'flush chain netdev muster balance',
        ...['10.77.0.11', '10.77.0.12', '10.77.0.13', 'fd00__12', 'fd00__13'].flatMap((address) => [
          `add chain netdev muster to-${address}`,
          `flush chain netdev muster to-${address}`,
        ]),
        'flush chain netdev muster to-10.77.0.99',
        'delete chain netdev muster to-10.77.0.99',
        '',
      ],
    );
    assert.deepEqual([...chainsOf(forwarding)].sort(), [
      ...['to-10.77.0.11', 'to-10.77.0.12', 'to-10.77.0.13', 'to-fd00__12', 'to-fd00__13'],
    ]);
  });

  const rulesOf = (chain: string): string[] => {
    const start = `add rule netdev muster ${chain} `;
    const lines = renderForwarding(forwarding, []).split('\n');
    return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  };

  it('hashes into slots, and keeps connections that stand where they are', () => {
    const flow = 'ip saddr . tcp sport . ip daddr . tcp dport';
    assert.deepEqual(rulesOf('balance'), [
      `ip daddr 10.77.0.100 tcp dport 80 tcp flags & (syn | ack) == syn delete @flows4 { ${flow} : 0 }`,
      `ip daddr 10.77.0.100 tcp dport 80 meta mark set ${flow} map @flows4`,
      'ip daddr 10.77.0.100 tcp dport 80 meta mark vmap { 0x4ce2a4b2 : goto to-10.77.0.11, 0x4ae2a18c : goto to-10.77.0.13 }',
      'ip daddr 10.77.0.100 tcp dport 80 jhash ip saddr . tcp sport mod 4 seed 0x1234 vmap { 0-1 : goto to-10.77.0.11, 2 : goto to-10.77.0.12, 3 : goto to-10.77.0.11 }',
      // Persistent: the client alone is hashed.
      'ip6 daddr fd00::100 udp dport 53 jhash ip6 saddr mod 2 seed 0x7 vmap { 0 : goto to-fd00__12, 1 : goto to-fd00__13 }',
    ]);
  });

  it('delivers to itself, and changes nothing but two MACs of frames for others', () => {
    assert.deepEqual(rulesOf('to-10.77.0.11'), [
      'tcp flags & (syn | fin | rst) == 0 update @flows4 { ip saddr . tcp sport . ip daddr . tcp dport : 0x4ce2a4b2 }',
      'meta mark set 0 counter return',
    ]);
    assert.deepEqual(rulesOf('to-fd00__13'), [
      'meta mark set 0 counter ether saddr set 02:00:00:00:00:01 ether daddr set 02:00:00:00:00:03 fwd to "eth0"',
    ]);
  });

  it('needs no hash where one server takes all', () => {
    const only = { ...forwarding.services[0]!, targets: [{ address: '127.0.0.1', mac: undefined }], slots: [0, 0] };
    assert.match(
      renderForwarding({ ...forwarding, services: [only] }, []),
      /balance ip daddr 10\.77\.0\.100 tcp dport 80 goto to-127\.0\.0\.1\n$/,
    );
  });

  it('names chains so that the address can be read back', () => {
    for (const address of ['10.77.0.12', 'fd00:77::12', '::1']) {
      assert.equal(addressOfChain(targetChain(address)), address);
      assert.match(targetChain(address), /^[a-z][a-z0-9._-]*$/);
    }
    assert.equal(addressOfChain('balance'), undefined);
  });

  it('reads from the kernel who gets traffic', () => {
    const match = (protocol: string, field: string, right: unknown): object => ({
      match: { op: '==', left: { payload: { protocol, field } }, right },
    });
    const rule = (chain: string, ...expr: object[]): object => ({ rule: { family: 'netdev', chain, expr } });
    const to = (address: string): object => ({ goto: { target: targetChain(address) } });
    const table = readKernelTable(
      JSON.stringify({
        nftables: [
          { metainfo: {} },
          { chain: { name: 'balance' } },
          { chain: { name: 'to-10.77.0.11' } },
          { chain: { name: 'to-fd00__12' } },
          rule('open', { jump: { target: 'balance' } }),
          rule('balance', match('ip', 'daddr', '10.77.0.100'), match('tcp', 'dport', 80), {
            vmap: { key: { meta: { key: 'mark' } }, data: { set: [[7, to('10.77.0.13')]] } },
          }),
          rule('balance', match('ip', 'daddr', '10.77.0.100'), match('tcp', 'dport', 80), {
            vmap: {
              key: { jhash: { mod: 4 } },
              data: {
                set: [
                  [{ range: [0, 2] }, to('10.77.0.11')],
                  [3, to('10.77.0.12')],
                ],
              },
            },
          }),
          rule('balance', match('ip6', 'daddr', 'fd00::100'), match('udp', 'dport', 53), to('fd00::12')),
        ],
      }),
    );
    assert.deepEqual(table.chains, ['to-10.77.0.11', 'to-fd00__12']);
    assert.deepEqual(
      [...table.forwarded].map(([key, addresses]) => [key, [...addresses]]),
      [
        ['10.77.0.100:80/tcp', ['10.77.0.13', '10.77.0.11', '10.77.0.12']],
        ['[fd00::100]:53/udp', ['fd00::12']],
      ],
    );
  });

  it('takes MACs of other hosts from the neighbour tables, complete entries of the device only', () => {
    const arp = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.21       0x1         0x2         02:00:00:00:00:21     *        eth0
10.77.0.22       0x1         0x0         00:00:00:00:00:00     *        eth0
10.77.0.23       0x1         0x6         02:00:00:00:00:AB     *        eth0
10.77.0.24       0x1         0x2         02:00:00:00:00:24     *        eth1
`;
    assert.deepEqual(
      [...parseArpTable(arp, 'eth0')],
      [
        ['10.77.0.21', '02:00:00:00:00:21'],
        ['10.77.0.23', '02:00:00:00:00:ab'],
      ],
    );
    const json = JSON.stringify([
      { dst: 'fd00::21', lladdr: '02:00:00:00:00:21', state: ['STALE'] },
      { dst: 'fd00::22', state: ['FAILED'] },
    ]);
    assert.deepEqual([...parseNeighbours(json)], [['fd00::21', '02:00:00:00:00:21']]);
    assert.equal(parseNeighbours('').size, 0);
  });
});
