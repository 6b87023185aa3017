import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { seededRandom } from '../../../src/base/random.ts';
import type { VirtualService } from '../../../src/model/virtual-service.ts';
import type { Balancer, BalancerConfig, BalancerDecision } from '../../../src/supervisor/balancer.ts';
import { createNftablesBalancer } from '../../../src/supervisor/drivers/nftables-balancer.ts';
import type { Nft } from '../../../src/supervisor/drivers/nftables-balancer-nft.ts';
import { connectCheck, gateServer, until, webService } from './balancer-fixture.ts';

/** A kernel that remembers what it was told. */
class FakeNft implements Nft {
  readonly applied: string[] = [];
  refusals: string[] = [];
  listed: string | undefined = JSON.stringify({ nftables: [] });
  /** Set to keep transactions waiting. */
  hold: Promise<void> | undefined;

  async apply(text: string): Promise<string | undefined> {
    await this.hold;
    const refusal = this.refusals.shift();
    if (refusal === undefined) this.applied.push(text);
    return refusal;
  }

  async list(): Promise<string | undefined> {
    return this.listed;
  }

  /** The targets of the first service in the last transaction. */
  get targets(): string[] {
    return [
      ...new Set([...(this.applied.at(-1) ?? '').matchAll(/goto to-(\S+?),?(?= |$)/gm)].map(([, to]) => to!)),
    ].sort();
  }
}

describe('supervisor/balancer', () => {
  let nft: FakeNft;
  let journal: BalancerDecision[];
  let balancer: Balancer;
  let servers: Map<string, Server>;
  let port: number;

  const listen = async (address: string, on: number): Promise<number> => {
    const server = createServer((socket) => socket.on('error', () => {}));
    servers.set(address, server);
    await new Promise<void>((resolve) => server.listen(on, address, resolve));
    return (server.address() as AddressInfo).port;
  };
  const close = (address: string): Promise<void> =>
    new Promise((resolve) => servers.get(address)?.close(() => resolve()));
  const configOf = (services: readonly VirtualService[]): BalancerConfig => ({
    services,
    device: 'eth0',
    // Addresses of loopback are this host's own only where it says so; 127.0.0.2 and .3 play other machines.
    self: { name: 'n1', addresses: ['127.0.0.1'], mac: '02:00:00:00:00:01' },
    peers: [
      { name: 'n2', addresses: ['127.0.0.2'], mac: '02:00:00:00:00:02' },
      { name: 'n3', addresses: ['127.0.0.3'], mac: '02:00:00:00:00:03' },
    ],
  });
  const three = (more: Partial<VirtualService> = {}): VirtualService =>
    webService(
      ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => gateServer(address, port)),
      more,
    );
  const said = (what: BalancerDecision['what']): BalancerDecision[] => journal.filter((line) => line.what === what);

  beforeEach(async () => {
    nft = new FakeNft();
    journal = [];
    servers = new Map();
    port = await listen('127.0.0.1', 0);
    await listen('127.0.0.2', port);
    await listen('127.0.0.3', port);
    balancer = createNftablesBalancer({
      journal: (line) => journal.push(line),
      nft,
      random: seededRandom(7),
      // A busy machine may take its time; what is refused is refused at once.
      confirmTimeout: 5000,
    });
  });
  afterEach(async () => {
    await balancer.stop();
    for (const server of servers.values()) server.close();
  });

  it('forwards to nobody before a check has passed, then to all who answer', async () => {
    await close('127.0.0.3');
    await balancer.configure(configOf([three()]));
    assert.deepEqual(nft.applied.length, 1);
    assert.deepEqual(nft.targets, []);
    await until(() => nft.targets.length === 2, 'two targets');
    assert.deepEqual(nft.targets, ['127.0.0.1', '127.0.0.2']);
    await until(() => said('server-dead').length === 1, 'one dead');
    const [status] = balancer.status();
    assert.equal(status!.key, '10.77.0.100:80/tcp');
    assert.deepEqual(
      status!.realServers.map(({ alive, weight, configuredWeight }) => [alive, weight, configuredWeight]),
      [
        [true, 1, 1],
        [true, 1, 1],
        [false, 0, 1],
      ],
    );
    assert.equal(status!.realServers[2]!.lastCheck, 'connection refused');
  });

  it('keeps what the kernel forwarded before this start until a check has failed', async () => {
    const goto = { goto: { target: 'to-127.0.0.3' } };
    const match = (field: string, right: unknown): object => ({
      match: { left: { payload: { protocol: 'tcp', field } }, right },
    });
    const rule = { chain: 'balance', expr: [match('daddr', '10.77.0.100'), match('dport', 80), goto] };
    nft.listed = JSON.stringify({
      nftables: [{ chain: { name: 'to-127.0.0.3' } }, { chain: { name: 'to-10.77.0.9' } }, { rule }],
    });
    await balancer.configure(
      configOf([three({ check: { ...connectCheck, type: 'external', command: '/bin/sleep 9' } })]),
    );
    assert.deepEqual(nft.targets, ['127.0.0.3']);
    assert.match(nft.applied[0]!, /delete chain netdev muster to-10\.77\.0\.9\n/);
    assert.equal(balancer.status()[0]!.realServers[2]!.alive, null);
  });

  it('takes a dead node out at once when it does not answer, and leaves one that only lost its musterd', async () => {
    // Regular checks come too seldom to tell.
    const rare = { ...connectCheck, interval: 60_000, fall: 9 };
    await balancer.configure(configOf([three({ check: rare })]));
    await until(() => nft.targets.length === 3, 'three targets');
    balancer.nodeChanged('n2', false);
    await close('127.0.0.3');
    balancer.nodeChanged('n3', false);
    await until(() => nft.targets.length === 2, 'two targets');
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.deepEqual(nft.targets, ['127.0.0.1', '127.0.0.2']);
    assert.equal(said('server-dead')[0]!.why, 'its node is dead: connection refused');
    await listen('127.0.0.3', port);
    balancer.nodeChanged('n3', true);
    await until(() => nft.targets.length === 3, 'three targets again');
  });

  it('uses `on` servers until their node is dead, and `off` servers never', async () => {
    await balancer.configure(configOf([three({ check: { ...connectCheck, type: 'on' } })]));
    assert.equal(nft.targets.length, 3);
    balancer.nodeChanged('n3', false);
    await until(() => nft.targets.length === 2, 'two targets');
    balancer.nodeChanged('n3', true);
    await until(() => nft.targets.length === 3, 'three targets');
    await balancer.configure(configOf([three({ check: { ...connectCheck, type: 'off' } })]));
    assert.deepEqual(nft.targets, []);
    assert.equal(balancer.status()[0]!.realServers[0]!.lastCheck, 'checks are off');
  });

  it('turns to the fallback when all are dead and back, and says both once', async () => {
    const fallback = gateServer('127.0.0.2', 80);
    await balancer.configure(configOf([webService([gateServer('127.0.0.3', port)], { fallback })]));
    await until(() => nft.targets.join() === '127.0.0.3', 'the server');
    await close('127.0.0.3');
    await until(() => nft.targets.join() === '127.0.0.2', 'the fallback');
    await listen('127.0.0.3', port);
    await until(() => nft.targets.join() === '127.0.0.3', 'the server again');
    // Once before the first check, once when it died.
    assert.deepEqual([said('fallback-on').length, said('fallback-off').length], [2, 2]);
  });

  it('keeps the health of servers that stay when it is configured anew', async () => {
    await balancer.configure(configOf([three()]));
    await until(() => nft.targets.length === 3, 'three targets');
    const before = nft.applied.length;
    await balancer.configure(configOf([three()]));
    assert.equal(nft.applied.length, before, 'the same table is not said twice');
    const [first, second] = three().realServers;
    await balancer.configure(configOf([three({ realServers: [first!, { ...second!, weight: 3 }] })]));
    assert.equal(nft.applied.length, before + 1);
    assert.deepEqual(nft.targets, ['127.0.0.1', '127.0.0.2']);
    assert.match(nft.applied.at(-1)!, /delete chain netdev muster to-127\.0\.0\.3\n/);
    assert.equal(said('server-alive').length, 3);
  });

  it('fills the table again after it was lost, also while a transaction is under way', async () => {
    await balancer.configure(configOf([three()]));
    await until(() => nft.targets.length === 3, 'three targets');
    const before = nft.applied.length;
    let release = (): void => {};
    nft.hold = new Promise((resolve) => {
      release = resolve;
    });
    const first = balancer.reapply();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = balancer.reapply();
    release();
    nft.hold = undefined;
    await Promise.all([first, second]);
    assert.equal(nft.applied.length, before + 2);
    assert.equal(nft.targets.length, 3);
  });

  it('says a refusal once and tries again', async () => {
    nft.refusals = ['Error: No such file or directory\nflush chain', 'Error: No such file or directory\nflush chain'];
    await balancer.configure(configOf([three({ check: { ...connectCheck, type: 'on' } })]));
    assert.equal(nft.applied.length, 0);
    await balancer.reapply();
    assert.equal(nft.applied.length, 0);
    await until(() => nft.targets.length === 3, 'three targets');
    assert.deepEqual(
      said('table').map(({ why }) => why),
      ['nft refused the forwarding rules: Error: No such file or directory'],
    );
  });

  it('says what it cannot do, and does not send to servers that direct routing cannot serve', async () => {
    const nat = { ...gateServer('127.0.0.3', port), forwarding: 'ipip' as const };
    const check = { ...connectCheck, type: 'on' as const };
    await balancer.configure(configOf([webService([gateServer('127.0.0.2', port), nat], { scheduler: 'wlc', check })]));
    assert.deepEqual(nft.targets, ['127.0.0.2']);
    assert.deepEqual(
      said('warning').map(({ why }) => why),
      [
        '"wlc" needs IPVS; connections are spread by weight with a hash instead',
        'Cannot forward to "127.0.0.3" as it must be reached by direct routing (gate) without IPVS: it is configured as ipip',
      ],
    );
  });

  it('asks the neighbour table for servers that are no nodes', async () => {
    await balancer.stop();
    balancer = createNftablesBalancer({
      journal: (line) => journal.push(line),
      nft,
      readNeighbours: async (device) => new Map(device === 'eth0' ? [['127.0.0.9', '02:00:00:00:00:09']] : []),
    });
    const check = { ...connectCheck, type: 'on' as const };
    await balancer.configure(
      configOf([webService([gateServer('127.0.0.8', port), gateServer('127.0.0.9', port)], { check })]),
    );
    assert.deepEqual(nft.targets, ['127.0.0.9']);
    assert.match(nft.applied.at(-1)!, /ether daddr set 02:00:00:00:00:09/);
  });
});
