import assert from 'node:assert/strict';
import { addressBytes } from '../../../../src/supervisor/drivers/addresses.ts';
import { endsOf, linkSpecs } from '../../../../src/supervisor/drivers/heartbeat-link.ts';
import {
  attribute,
  NLMSG_DONE,
  netlinkMessage,
  readMessages,
  u32,
} from '../../../../src/supervisor/drivers/netlink/message.ts';
import { broadcastOf, isNear, OwnAddresses, ownAddress } from '../../../../src/supervisor/drivers/own-addresses.ts';
import type { RawSockets } from '../../../../src/supervisor/drivers/raw-sockets.ts';

interface Line {
  readonly index: number;
  readonly address: string;
  readonly prefix: number;
}

/** A kernel that answers dumps of addresses with these, by family; `undefined`: it does not answer at all. */
function fakeKernel() {
  const state: { lines: readonly Line[] | undefined; flags: number } = { lines: [], flags: 0 };
  const sockets: RawSockets = {
    open: (_, onData) => ({
      send: (payload) => {
        const { lines, flags } = state;
        const [request] = readMessages(Buffer.from(payload));
        if (lines === undefined || request === undefined) return;
        const family = request.body[0]!;
        for (const { index, address, prefix } of lines) {
          const bytes = addressBytes(address);
          if ((bytes.length === 4 ? 2 : 10) !== family) continue;
          const head = Buffer.concat([Buffer.from([family, prefix, 0, 0]), u32(index)]);
          // IFA_ADDRESS alone for IPv6, as the kernel does; with IFA_LOCAL for IPv4.
          const parts = bytes.length === 4 ? [attribute(1, bytes), attribute(2, bytes)] : [attribute(1, bytes)];
          onData(netlinkMessage(20, 2 | flags, request.sequence, Buffer.concat([head, ...parts])));
        }
        onData(netlinkMessage(NLMSG_DONE, 2, request.sequence, u32(0)));
      },
      close: () => {},
    }),
    schedule: () => {},
    stop: async () => {},
  };
  return { state, sockets };
}

const devices = { nameOf: (index: number): string | undefined => ['', 'lo', 'eth0'][index] };

describe('own addresses', () => {
  const lines: readonly Line[] = [
    { index: 1, address: '127.0.0.1', prefix: 8 },
    { index: 2, address: '10.77.0.11', prefix: 24 },
    { index: 2, address: 'fe80::1', prefix: 64 },
    { index: 7, address: '10.78.0.11', prefix: 24 },
  ];

  it('are what the kernel said last, and stay where it does not answer or was interrupted', async () => {
    const { state, sockets } = fakeKernel();
    state.lines = lines;
    const own = new OwnAddresses(sockets, () => 0, devices);
    await own.start();
    const all = ['10.77.0.11', '10.78.0.11', '127.0.0.1', 'fe80::1'];
    assert.deepEqual([...own.all], all);
    const on = (version: 4 | 6): string[] =>
      own.on('eth0', version).map(({ address, prefix }) => `${address}/${prefix}`);
    assert.deepEqual([on(4), on(6)], [['10.77.0.11/24'], ['fe80::1/64']]);
    state.lines = lines.slice(0, 1);
    state.flags = 0x10;
    await own.refresh();
    assert.deepEqual([...own.all], all);
    state.lines = undefined;
    const unanswered = own.refresh();
    own.stop();
    await unanswered;
    assert.deepEqual([...own.all], all);
    assert.deepEqual(on(4), ['10.77.0.11/24']);
  });

  it('follow the kernel when it answers', async () => {
    const { state, sockets } = fakeKernel();
    state.lines = lines;
    const own = new OwnAddresses(sockets, () => 0, devices);
    await own.start();
    state.lines = [{ index: 2, address: '10.77.0.99', prefix: 25 }];
    await own.refresh();
    assert.deepEqual([[...own.all], own.on('eth0', 4)[0]!.prefix, own.on('eth0', 6)], [['10.77.0.99'], 25, []]);
    own.stop();
  });

  it('say which network is near, and how all of it is reached', () => {
    const one = ownAddress('eth0', { address: '10.77.5.11', prefix: 22 });
    assert.deepEqual(
      [isNear('10.77.7.1', [one]), isNear('10.77.8.1', [one]), isNear('fe80::1', [one])],
      [true, false, false],
    );
    const broadcasts = [22, 24, 32, 8, 0].map((prefix) =>
      broadcastOf(ownAddress('eth0', { address: '10.77.5.11', prefix })),
    );
    assert.deepEqual(broadcasts, ['10.77.7.255', '10.77.5.255', '10.77.5.11', '10.255.255.255', '255.255.255.255']);
  });

  it('make the ends of a link: bound to the one that is near a peer, zones where they are needed, never to ourselves', async () => {
    const known = [
      ownAddress('eth0', { address: '10.1.0.1', prefix: 24 }),
      ownAddress('eth0', { address: '10.77.0.11', prefix: 24 }),
      ownAddress('eth0', { address: 'fe80::11', prefix: 64 }),
    ];
    const book = {
      all: new Set(known.map(({ address }) => address)),
      on: (device: string, version: 4 | 6) => known.filter((one) => one.device === device && one.version === version),
    };
    const ends = (peers: readonly string[], device = 'eth0') =>
      endsOf(
        linkSpecs(
          peers.map((peer) => ({ method: 'ucast' as const, device, peer })),
          694,
        )[0]!,
        book,
        new Set(),
      );
    assert.deepEqual(await ends(['10.77.0.11', '10.77.0.12']), {
      local: '10.77.0.11',
      own: '10.77.0.11',
      targets: ['10.77.0.12'],
    });
    assert.deepEqual(await ends(['fe80::11', 'fe80::12']), {
      local: 'fe80::11%eth0',
      own: 'fe80::11',
      targets: ['fe80::12%eth0'],
    });
    await assert.rejects(ends(['10.77.0.12'], 'eth7'), /eth7 has no IPv4 address/);
  });
});
