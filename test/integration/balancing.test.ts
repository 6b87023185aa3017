import assert from 'node:assert/strict';
import type { Check, RealServer, VirtualService } from '../../src/model/virtual-service.ts';
import type { BalancerConfig } from '../../src/supervisor/balancer.ts';
import { renderGate } from '../../src/supervisor/drivers/lease-gate-ruleset.ts';
import type { ServiceStatus } from '../../src/wire/status.ts';
import { createNetwork, type Network, type Program } from './balancing/network.ts';

const nodes = ['n1', 'n2', 'n3'] as const;
type NodeName = (typeof nodes)[number];
const vip = '10.77.0.100';
const vip6 = 'fd00:77::100';
const addressOf = { n1: '10.77.0.11', n2: '10.77.0.12', n3: '10.77.0.13' };
const address6Of = { n1: 'fd00:77::11', n2: 'fd00:77::12', n3: 'fd00:77::13' };
const macOf = { n1: '02:00:00:00:00:01', n2: '02:00:00:00:00:02', n3: '02:00:00:00:00:03' };

const check: Check = {
  type: 'negotiate',
  service: 'http',
  request: '/',
  receive: 'n[0-9]',
  port: undefined,
  virtualHost: undefined,
  command: undefined,
  interval: 200,
  timeout: 2000,
  rise: 1,
  fall: 2,
};

function service(weights: readonly [number, number, number], more: Partial<VirtualService> = {}): VirtualService {
  const family = more.address === vip6 ? address6Of : addressOf;
  return {
    name: 'web',
    address: vip,
    port: 80,
    protocol: 'tcp',
    scheduler: 'mh',
    persistent: undefined,
    realServers: nodes.map((node, index) => ({
      address: family[node],
      port: 80,
      forwarding: 'gate',
      weight: weights[index]!,
    })),
    fallback: undefined,
    quiescent: false,
    check,
    ...more,
  };
}

function configOf(self: NodeName, services: readonly VirtualService[]): BalancerConfig {
  const node = (name: NodeName) => ({ name, addresses: [addressOf[name], address6Of[name]], mac: macOf[name] });
  return { services, device: 'eth0', self: node(self), peers: nodes.filter((peer) => peer !== self).map(node) };
}

/** The lease gate as musterd renders it, and before it a counter of what other directors pass on to this node. */
function gate(self: NodeName): string {
  const peers = nodes.filter((node) => node !== self).map((node) => macOf[node]);
  return `${renderGate([{ name: 'eth0', mac: macOf[self] }], [vip, vip6])}
  add element netdev muster peers { ${peers.join(', ')} }
  table netdev count {
    chain ingress {
      type filter hook ingress device eth0 priority -600;
      ether daddr ${macOf[self]} ether saddr { ${peers.join(', ')} } ip daddr ${vip} counter
    }
  }`;
}

const openGate = `flush set netdev muster armed
  add element netdev muster armed { 0x80000001 timeout 1h }
  add element netdev muster granted4 { ${vip} : 0x80000001 }
  add element netdev muster granted6 { ${vip6} : 0x80000001 }`;

describe('balancing by direct routing between three directors that are real servers too', function () {
  this.timeout(60_000);
  let network: Network;
  let client: Program;
  const programs = {} as Record<NodeName, Program>;

  before(async () => {
    const node = (name: NodeName): string[] => [
      ...['arp_ignore=1', 'arp_announce=2'].map((set) => `sysctl -qw net.ipv4.conf.all.${set}`),
      `ip address add ${addressOf[name]}/24 dev eth0`,
      `ip address add ${address6Of[name]}/64 dev eth0 nodad`,
      `ip address add ${vip}/32 dev lo`,
      `ip address add ${vip6}/128 dev lo nodad`,
    ];
    network = createNetwork({
      n1: node('n1'),
      n2: node('n2'),
      n3: node('n3'),
      c: ['ip address add 10.77.0.200/24 dev eth0', 'ip address add fd00:77::200/64 dev eth0 nodad'],
    });
    for (const name of nodes) {
      network.run(name, 'nft -f -', gate(name));
      programs[name] = network.start(name, 'test/integration/balancing/node.ts', [name, vip]);
    }
    client = network.start('c', 'test/integration/balancing/client.ts');
  });
  after(() => network?.remove());

  beforeEach(async () => {
    for (const name of nodes) {
      await programs[name].ask({ ask: 'web', port: 80, mode: 'on' });
      await programs[name].ask({ ask: 'web', port: 8080, mode: 'off' });
    }
  });

  /** This node alone has its gate open, and the client's frames go to it, as after a takeover. */
  const direct = (name: NodeName): void => {
    for (const node of nodes) network.run(node, 'nft -f -', node === name ? openGate : 'flush set netdev muster armed');
    for (const address of [vip, vip6])
      network.run('c', `ip neigh replace ${address} lladdr ${macOf[name]} dev eth0 nud permanent`);
  };
  let configured: VirtualService[] = [];
  const configure = async (...services: VirtualService[]): Promise<void> => {
    configured = services;
    for (const name of nodes) await programs[name].ask({ ask: 'configure', config: configOf(name, services) });
  };
  const ask = (how: 'new' | 'open', count: number, more: object = {}): Promise<string[]> =>
    client.ask({ ask: how, host: vip, port: 80, count, ...more });
  const tally = (answers: readonly string[]): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const answer of [...answers].sort()) found[answer] = (found[answer] ?? 0) + 1;
    return found;
  };
  /**
   * Waits until these servers, and no others, get traffic on every director. The status says what the checks found; it
   * is in the kernel a transaction later, for which the same configuration once more waits.
   */
  const serving = async (wanted: readonly string[], via: readonly NodeName[] = nodes): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      const seen: string[][] = [];
      for (const name of via) {
        const [status] = await programs[name].ask<ServiceStatus[]>({ ask: 'status' });
        const alive = status!.realServers.filter((server) => server.weight > 0);
        seen.push(
          alive.map(
            (server) => nodes.find((node) => [addressOf[node], address6Of[node]].includes(server.address)) ?? '?',
          ),
        );
      }
      if (seen.every((names) => names.join() === wanted.join())) return configure(...configured);
      assert.ok(attempt < 400, `serving ${JSON.stringify(seen)} instead of ${wanted}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  /** Frames that this node has forwarded, and those that it got from another director. */
  const counters = (name: NodeName): { passed: number; forwarded: number } => {
    const rules = (table: string): { expr: { counter?: { packets: number }; fwd?: object }[] }[] =>
      JSON.parse(network.run(name, `nft -j list table netdev ${table}`)).nftables.flatMap(
        ({ rule }: { rule?: object }) => rule ?? [],
      );
    const packets = (rule: ReturnType<typeof rules>[number]): number =>
      rule.expr.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
    const forwarding = rules('muster').filter(({ expr }) => expr.some(({ fwd }) => fwd !== undefined));
    const sum = (all: ReturnType<typeof rules>): number => all.map(packets).reduce((left, right) => left + right, 0);
    return { passed: sum(rules('count')), forwarded: sum(forwarding) };
  };

  it('spreads new connections over all three, and forwards no frame twice', async () => {
    direct('n1');
    await configure(service([1, 1, 1]));
    await serving(['n1', 'n2', 'n3']);
    const before = nodes.map(counters);
    const found = tally(await ask('new', 150));
    assert.deepEqual(Object.keys(found), ['n1', 'n2', 'n3']);
    // By a hash, so even on average: 150 draws stay within 25 of 50 in all but one of 100,000 runs.
    for (const count of Object.values(found)) assert.ok(Math.abs(count - 50) < 25, JSON.stringify(found));
    const grown = nodes.map(counters).map(({ passed, forwarded }, index) => ({
      passed: passed - before[index]!.passed,
      forwarded: forwarded - before[index]!.forwarded,
    }));
    assert.ok(grown[0]!.forwarded > 0);
    assert.equal(grown[0]!.passed, 0);
    assert.equal(grown[1]!.forwarded + grown[2]!.forwarded, 0);
    assert.equal(grown[1]!.passed + grown[2]!.passed, grown[0]!.forwarded);
  });

  it('keeps open connections when another director takes over', async () => {
    direct('n1');
    await configure(service([1, 1, 1]));
    await serving(['n1', 'n2', 'n3']);
    const first = await ask('open', 30);
    assert.deepEqual(Object.keys(tally(first)), ['n1', 'n2', 'n3']);
    for (const director of ['n2', 'n3', 'n1'] as const) {
      direct(director);
      assert.deepEqual(await ask('open', 30), first, `after ${director} took over`);
    }
  });

  it('respects weights', async () => {
    direct('n2');
    await configure(service([0, 1, 3]));
    await serving(['n2', 'n3']);
    const found = tally(await ask('new', 120));
    assert.equal(found.n1, undefined);
    assert.ok(found.n3! > found.n2! * 1.5, JSON.stringify(found));
  });

  it('takes a server out after `fall` failed checks, back after it answers, and moves no other connection', async () => {
    direct('n1');
    await configure(service([1, 1, 1]));
    await serving(['n1', 'n2', 'n3']);
    const first = await ask('open', 30);
    await programs.n3.ask({ ask: 'web', port: 80, mode: 'off' });
    await serving(['n1', 'n2']);
    assert.deepEqual(Object.keys(tally(await ask('new', 40))), ['n1', 'n2']);
    const [status] = await programs.n1.ask<ServiceStatus[]>({ ask: 'status' });
    assert.equal(status!.realServers[2]!.lastCheck, 'connection refused');
    assert.equal(status!.realServers[2]!.alive, false);
    const survivors = first.flatMap((answer, index) => (answer === 'n3' ? [] : [index]));
    const later = await ask('open', 30);
    assert.deepEqual(
      survivors.map((index) => later[index]),
      survivors.map((index) => first[index]),
    );
    const settled = await ask('open', 30);
    assert.deepEqual(Object.keys(tally(settled)), ['n1', 'n2']);
    await programs.n3.ask({ ask: 'web', port: 80, mode: 'on' });
    await serving(['n1', 'n2', 'n3']);
    assert.deepEqual(Object.keys(tally(await ask('new', 60))), ['n1', 'n2', 'n3']);
    assert.deepEqual(await ask('open', 30), settled, 'no open connection moves back');
  });

  it('keeps open connections while weights change, and drains a server of weight 0', async () => {
    direct('n1');
    await configure(service([1, 1, 1]));
    await serving(['n1', 'n2', 'n3']);
    const first = await ask('open', 30);
    for (const weights of [
      [3, 2, 1],
      [1, 5, 9],
      [1, 1, 0],
    ] as const) {
      await configure(service(weights));
      assert.deepEqual(await ask('open', 30), first, `with weights ${weights}`);
    }
    assert.deepEqual(Object.keys(tally(await ask('new', 40))), ['n1', 'n2']);
  });

  it('sends a client port that is used again by the slots, not by what it was once', async () => {
    direct('n1');
    await configure(service([1, 0, 0]));
    await serving(['n1']);
    const ports = { from: 20_000 };
    assert.deepEqual(tally(await ask('new', 20, ports)), { n1: 20 });
    await configure(service([0, 1, 1]));
    await serving(['n2', 'n3']);
    assert.deepEqual(Object.keys(tally(await ask('new', 20, ports))), ['n2', 'n3']);
  });

  it('takes a node that membership calls dead out at once, unless its server still answers', async () => {
    direct('n1');
    const rare = { ...check, interval: 60_000 };
    await configure(service([1, 1, 1], { check: rare }));
    await serving(['n1', 'n2', 'n3']);
    for (const name of nodes) await programs[name].ask({ ask: 'node', node: 'n2', alive: false });
    network.run('sw', 'ip link set p-n3 nomaster');
    await programs.n1.ask({ ask: 'node', node: 'n3', alive: false });
    await serving(['n1', 'n2'], ['n1']);
    assert.deepEqual(Object.keys(tally(await ask('new', 40))), ['n1', 'n2']);
    network.run('sw', 'ip link set p-n3 master br0');
    await programs.n1.ask({ ask: 'node', node: 'n3', alive: true });
    await serving(['n1', 'n2', 'n3'], ['n1']);
  });

  it('balances datagrams', async () => {
    direct('n1');
    await configure(service([1, 1, 1], { protocol: 'udp', port: 53, check: { ...check, port: 80 } }));
    await serving(['n1', 'n2', 'n3']);
    const first = await client.ask<string[]>({ ask: 'udp', host: vip, port: 53, count: 40, from: 30_000 });
    assert.deepEqual(Object.keys(tally(first)), ['n1', 'n2', 'n3']);
    direct('n2');
    assert.deepEqual(await client.ask({ ask: 'udp', host: vip, port: 53, count: 40, from: 30_000 }), first);
  });

  it('notices a server that hangs, and delays no other check meanwhile', async () => {
    await configure(service([1, 1, 1], { check: { ...check, timeout: 400 } }));
    await serving(['n1', 'n2', 'n3']);
    await programs.n2.ask({ ask: 'web', port: 80, mode: 'hang' });
    await serving(['n1', 'n3']);
    const [status] = await programs.n1.ask<ServiceStatus[]>({ ask: 'status' });
    assert.match(status!.realServers[1]!.lastCheck, /^no answer in \d+ ms$/);
    assert.match(status!.realServers[2]!.lastCheck, /^200 OK in \d+ ms$/);
  });

  it('sends everything to the fallback while all are down', async () => {
    direct('n1');
    const fallback: RealServer = { address: addressOf.n2, port: 80, forwarding: 'gate', weight: 1 };
    const failing = { ...check, receive: 'nothing like this' };
    await configure(service([1, 1, 1], { fallback, check: failing }));
    await serving([]);
    assert.deepEqual(tally(await ask('new', 20)), { n2: 20 });
    assert.ok(programs.n1.events.some((event) => event.what === 'fallback-on'));
  });

  it('fills the chains again after the ruleset was flushed and the gate rendered anew', async () => {
    await configure(service([1, 1, 1]));
    await serving(['n1', 'n2', 'n3']);
    direct('n1');
    const first = await ask('open', 30);
    network.run('n1', 'nft flush ruleset');
    network.run('n1', 'nft -f -', gate('n1'));
    await programs.n1.ask({ ask: 'reapply' });
    direct('n1');
    assert.deepEqual(await ask('open', 30), first);
  });

  it('balances IPv6 by the same rules', async () => {
    direct('n3');
    await configure(service([1, 1, 1], { address: vip6 }));
    await serving(['n1', 'n2', 'n3']);
    const first = await ask('open', 30, { host: vip6 });
    assert.deepEqual(Object.keys(tally(first)).sort(), ['n1', 'n2', 'n3']);
    direct('n1');
    assert.deepEqual(await ask('open', 30, { host: vip6 }), first);
  });

  it('moves no traffic when it is stopped and started again', async () => {
    direct('n1');
    await configure(service([1, 1, 1]));
    await serving(['n1', 'n2', 'n3']);
    const first = await ask('open', 30);
    // Checks that would need a while: what forwards meanwhile is what the kernel kept.
    const forever = { ...check, interval: 60_000, timeout: 60_000, virtualHost: 'hang' };
    const second = network.start('n1', 'test/integration/balancing/node.ts', ['n1', '127.0.0.1']);
    await programs.n1.ask({ ask: 'stop' });
    assert.deepEqual(await ask('open', 30), first);
    await second.ask({ ask: 'configure', config: configOf('n1', [service([1, 1, 1], { check: forever })]) });
    const [status] = await second.ask<ServiceStatus[]>({ ask: 'status' });
    assert.deepEqual(
      status!.realServers.map(({ weight, alive }) => [weight, alive]),
      [1, 1, 1].map((weight) => [weight, null]),
    );
    assert.deepEqual(await ask('open', 30), first);
    await second.stop();
  });
});
