import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { loadInventory } from '../../../src/inventory/load.ts';
import { type Authkeys, authMethods } from '../../../src/linux-ha/authkeys.ts';
import type { ConfigFiles } from '../../../src/linux-ha/cluster.ts';
import { groupKey } from '../../../src/linux-ha/haresources.ts';
import { parseQuorumdConf } from '../../../src/linux-ha/quorumd-conf.ts';
import { checkReadBack, clusterDifference } from '../../../src/linux-ha/read-back.ts';
import { negotiateServices } from '../../../src/linux-ha/well-known-ports.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { defaultArbiterPort } from '../../../src/model/defaults.ts';
import { type Fencing, fenceActions, watchdogPolicies } from '../../../src/model/fencing.ts';
import { gateMargin } from '../../../src/model/gate-margin.ts';
import { leastLease } from '../../../src/model/lease-floor.ts';
import { addressesOf, type Resource } from '../../../src/model/resource-group.ts';
import { resourceNames } from '../../../src/model/resource-names.ts';
import { onFailPolicies } from '../../../src/model/resource-settings.ts';
import { schedulers, serviceKey, type VirtualService } from '../../../src/model/virtual-service.ts';
import { draws } from '../../draws.ts';
import { renderFiles } from './render.ts';
import { tellersOf } from './tellers.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,9}$/);
const ip4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => `10.${parts.join('.')}`);
const ip6 = fc.integer({ min: 1, max: 0xffff }).map((low) => `fd77::${low.toString(16)}`);
const ip = fc.oneof(ip4, ip6);
const port = fc.integer({ min: 1, max: 65_535 });
const ms = fc.integer({ min: 1, max: 120_000 });
const device = fc.constantFrom('eth0', 'eth1', 'bond0.100');
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

/** A line as it can stand in quotes: anything printable, quotes, hashes and blanks included. */
const line = fc
  .string({ unit: 'binary', maxLength: 20 })
  .filter((text) => !/[\p{Cc}\p{Cs}\u2028\u2029\ufeff]/u.test(text));

const link: fc.Arbitrary<Cluster['links'][number]> = fc.oneof(
  fc.record({ method: fc.constant('ucast' as const), device, peer: ip }),
  fc.record({ method: fc.constant('bcast' as const), device }),
  fc.record({
    method: fc.constant('mcast' as const),
    device,
    group: fc.oneof(
      fc.nat(255).map((last) => `239.0.0.${last}`),
      fc.integer({ min: 1, max: 0xffff }).map((low) => `ff12::${low.toString(16)}`),
    ),
    port,
    ttl: fc.nat(255),
    loop: fc.nat(1),
  }),
);

const address = ip.chain((text) =>
  fc.record({
    kind: fc.constant('address' as const),
    address: fc.constant(text),
    prefix: maybe(fc.integer({ min: 0, max: text.includes(':') ? 128 : 32 })),
    interface: maybe(device),
  }),
);
const agentNamed = (name: string, ...args: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Resource> =>
  fc.record({ kind: fc.constant('agent' as const), agent: fc.constant(name), args: fc.tuple(...args) });
const path1 = fc.constantFrom('/dev/sdb1', '/srv', '/etc/apache2/apache2.conf');
const agent = fc.oneof(
  agentNamed('apache'),
  agentNamed('apache', path1),
  agentNamed('Filesystem', path1, path1),
  agentNamed(
    'Filesystem',
    fc.constantFrom('-LWWW', 'nas:/export'),
    path1,
    fc.constant('ext4'),
    fc.constant('rw,noatime'),
  ),
  agentNamed('MailTo', fc.constant('root@example.net'), fc.constant('a=b,c')),
  agentNamed('IPsrcaddr', ip4),
  agentNamed('portblock', fc.constant('tcp'), fc.constant('80,443'), fc.constant('unblock')),
  agentNamed('ldirectord', fc.constant('www.cf')),
  agentNamed('nginx.service'),
  agentNamed('systemd:mnt-data.mount'),
  agentNamed('lsb:postfix', fc.constant('quick')),
  agentNamed('own-script', fc.constant(''), fc.constant('two')),
  agentNamed('ocf:heartbeat:Dummy'),
  agentNamed(
    'ocf:heartbeat:Route',
    ip.map((text) => `destination=${text}/64`),
    fc.constant('device=eth0'),
  ),
);

const check = fc
  .record({
    type: fc.constantFrom('connect', 'negotiate', 'ping', 'external', 'off', 'on' as const),
    service: fc.constantFrom(...negotiateServices),
    request: maybe(line),
    receive: maybe(line),
    port: maybe(port),
    virtualHost: maybe(line),
    command: maybe(line),
    interval: ms,
    timeout: ms,
    rise: fc.integer({ min: 1, max: 9 }),
    fall: fc.integer({ min: 1, max: 9 }),
  })
  // Only a negotiate check must say what it speaks; where it is left out, the port says it.
  .map((value): VirtualService['check'] => ({
    ...value,
    service: value.type === 'negotiate' ? value.service : undefined,
  }));

const service: fc.Arbitrary<VirtualService> = fc.tuple(ip, port).chain(([vip, vipPort]) => {
  const server = fc
    .record({ address: ip, port, forwarding: fc.constantFrom('gate', 'masq', 'ipip' as const), weight: fc.nat(1000) })
    .map((real) => (real.forwarding === 'masq' ? real : { ...real, port: vipPort }));
  return fc.record({
    name,
    address: fc.constant(vip),
    port: fc.constant(vipPort),
    protocol: fc.constantFrom('tcp', 'udp' as const),
    scheduler: fc.constantFrom(...schedulers),
    persistent: maybe(fc.integer({ min: 1, max: 86_400 })),
    realServers: fc.array(server, { maxLength: 4 }),
    fallback: maybe(server.map((real) => ({ ...real, weight: 1 }))),
    quiescent: fc.boolean(),
    check,
  });
});

/** Groups that may stand beside each other: no name, key or address is there twice. */
function apart(groups: readonly Cluster['groups'][number][]): Cluster['groups'][number][] {
  const taken = new Set<string>();
  return groups.filter((group) => {
    const addresses = addressesOf(group).map(({ address: text }) => text);
    const words = [`name ${group.name}`, ...new Set([groupKey(group.resources), ...addresses])];
    if (words.some((word) => taken.has(word))) return false;
    for (const word of words) taken.add(word);
    return true;
  });
}

const stonithLine: fc.Arbitrary<Fencing['lines'][number]> = fc.constantFrom(
  { directive: 'stonith_host', from: '*', type: 'external/ipmi', parameters: 'node2 10.0.0.2 admin' },
  { directive: 'stonith_host', from: '*', type: 'ssh', parameters: '' },
  { directive: 'stonith', type: 'baytech', file: '/etc/ha.d/baytech.conf' },
);

/** Every device knows every node, as each has to be fenced by somebody where two nodes have no third vote. */
function fencingOf(nodes: readonly string[]): fc.Arbitrary<Cluster['fencing']> {
  const options = fc.dictionary(fc.constantFrom('ip', 'username', 'password', 'lanplus'), line);
  const device = fc.record({
    name,
    agent: fc.constantFrom('fence_ipmilan', 'stonith:external/ipmi', 'fence_apc_snmp'),
    options,
    nodes: fc
      .array(options, { minLength: nodes.length, maxLength: nodes.length })
      .map((list): Fencing['devices'][number]['nodes'] =>
        Object.fromEntries(nodes.map((node, index) => [node, list[index]!])),
      ),
    action: fc.constantFrom(...fenceActions),
    timeout: ms,
  });
  const devices = fc.uniqueArray(device, { minLength: 1, maxLength: 3, selector: ({ name: key }) => key });
  const times = fc.dictionary(fc.constantFrom(...nodes), ms);
  const some = devices.chain((list) => {
    const names = list.map(({ name: key }) => key);
    const level = fc.subarray(names, { minLength: 1 });
    return fc.record({
      lines: fc.array(stonithLine, { maxLength: 2 }),
      devices: fc.constant(list),
      levels: fc.dictionary(fc.constantFrom(...nodes), fc.array(level, { minLength: 1, maxLength: 2 })),
      delays: times,
      randomDelay: fc.oneof(fc.constant(0), ms),
      selfTest: fc.oneof(fc.constant(0), fc.integer({ min: 10_000, max: 86_400_000 })),
    });
  });
  return nodes.length === 2 ? some : maybe(some);
}

const cluster: fc.Arbitrary<Cluster> = fc.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain((nodes) => {
  const group = fc.record({
    name,
    preferred: fc.constantFrom(...nodes),
    resources: fc.array(fc.oneof(address, agent), { minLength: 1, maxLength: 4 }),
  });
  return fc.record({
    name,
    nodes: fc.constant(nodes),
    nodeAddresses: fc.constant(Object.fromEntries(nodes.map((node, index) => [node, [`10.0.0.${index + 1}`]]))),
    arbiters: fc.uniqueArray(
      fc.record({ name, address: ip, port, roundTrip: maybe(fc.nat(500).map((more) => more + 1)) }),
      {
        maxLength: 2,
        selector: ({ name: key }) => key,
      },
    ),
    links: fc.array(link, { maxLength: 4 }),
    udpPort: port,
    timings: fc
      .tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(5000), fc.nat(5000), ms)
      .map(([keepalive, more, much, initdead]) => ({
        keepalive,
        deadtime: keepalive * 2 + more,
        warntime: keepalive + more,
        initdead,
        lease: keepalive * 2 + much,
      })),
    profile: fc.constantFrom('default', 'fast' as const),
    autoFailback: fc.boolean(),
    noQuorum: fc.constantFrom('stop', 'freeze' as const),
    pingNodes: fc.array(ip, { maxLength: 2 }),
    pingGroups: fc.uniqueArray(fc.record({ name, addresses: fc.array(ip, { minLength: 1, maxLength: 3 }) }), {
      maxLength: 2,
      selector: ({ name: key }) => key,
    }),
    deadping: maybe(ms),
    watchdog: maybe(fc.constant('/dev/watchdog1')),
    respawn: fc.array(fc.constantFrom(['nobody', '/bin/sleep', '60'], ['root', '/usr/sbin/agent']), { maxLength: 2 }),
    groups: fc.array(group, { maxLength: 4 }).map(apart),
    services: fc
      .uniqueArray(service, { maxLength: 3, selector: serviceKey })
      .map((list) => list.filter(({ name: key }, index) => list.findIndex((other) => other.name === key) === index)),
    driftBound: fc.constantFrom(0.001, 0, 0.0005, 0.1),
    fencing: fencingOf(nodes),
    watchdogPolicy: maybe(fc.constantFrom(...watchdogPolicies)),
  });
});

const path = fc.stringMatching(/^\/[a-z0-9._/-]{1,20}$/);
const store: fc.Arbitrary<Cluster['store']> = fc.oneof(
  fc.record({
    kind: fc.constant('etcd' as const),
    endpoints: fc.uniqueArray(
      ip.map((text) => `https://${text.includes(':') ? `[${text}]` : text}:2379`),
      { minLength: 1, maxLength: 3 },
    ),
    ca: maybe(path),
  }),
  fc.record({
    kind: fc.constant('disk' as const),
    device: path,
    reservation: fc.constantFrom('none', 'scsi' as const),
  }),
);

/** As the lint wants it: a lease that the arbiters can renew, or that lies in a store long enough. */
const leased = fc.tuple(cluster, maybe(store)).map(([model, kept]): Cluster => {
  // The gate has to outlast a keepalive, with the largest drift bound of all, too.
  const { keepalive, lease: drawn } = model.timings;
  const widest = 0.1;
  const gateable = Math.max(drawn, Math.floor((keepalive + gateMargin(0, widest)) / (1 - 2 * widest)) + 1);
  if (kept !== undefined) {
    const timings = { ...model.timings, lease: Math.max(gateable, 2000) };
    return { ...model, arbiters: [], timings, store: kept };
  }
  const lease = Math.max(gateable, leastLease(model));
  return { ...model, timings: { ...model.timings, lease } };
});

const sound = leased.chain((model) =>
  fc
    .tuple(placementOf(model), resourceRulesOf(model), tellersOf(model.groups.map((one) => one.name)))
    .map(([placement, resources, tellers]): Cluster => ({ ...model, placement, resources, ...tellers })),
);

/** As the lint wants it: whoever is named is there, and no two rules want the opposite. */
function placementOf({ nodes, groups }: Cluster): fc.Arbitrary<Cluster['placement']> {
  const names = groups.map((group) => group.name);
  const days = fc.uniqueArray(fc.nat(6), { minLength: 1 }).map((list) => list.sort());
  const failback = maybe(
    fc.oneof(
      fc.constantFrom({ kind: 'on' as const }, { kind: 'off' as const }),
      fc.record({ kind: fc.constant('after' as const), delay: ms }),
      fc.record({
        kind: fc.constant('window' as const),
        window: fc.tuple(days, fc.nat(719), fc.nat(719)).map(([on, from, to]) => ({ days: on, from, to: to + 720 })),
      }),
    ),
  );
  const amounts = fc.dictionary(fc.constantFrom('cpu', 'memory', 'a b'), fc.constantFrom(1, 2.5, 0.001));
  const group = fc.record({
    prefer: fc.dictionary(fc.constantFrom(...nodes), fc.integer({ min: -10_000, max: 10_000 })),
    never: nodes.length > 1 ? fc.subarray([...nodes.slice(1)]) : fc.constant([]),
    stickiness: maybe(fc.nat(10_000)),
    failback,
    uses: amounts,
  });
  const rule = fc.record({
    kind: fc.constantFrom('together', 'order' as const),
    groups: names.length > 1 ? fc.subarray(names, { minLength: 2 }) : fc.constant([]),
    strict: fc.boolean(),
  });
  return maybe(
    fc.record({
      stickiness: fc.nat(10_000),
      failback,
      groups: names.length > 0 ? fc.dictionary(fc.constantFrom(...names), group) : fc.constant({}),
      capacity: fc.dictionary(
        fc.constantFrom(...nodes),
        fc.dictionary(fc.constantFrom('cpu', 'memory'), fc.integer({ min: 3, max: 64 })),
      ),
      rules: names.length > 1 ? fc.array(rule, { maxLength: 3 }) : fc.constant([]),
    }),
  );
}

function resourceRulesOf({ groups }: Cluster): fc.Arbitrary<Cluster['resources']> {
  const settings = fc.record(
    {
      startTimeout: ms,
      stopTimeout: ms,
      monitorTimeout: ms,
      monitorInterval: fc.oneof(fc.constant(0), ms),
      failureTimeout: ms,
      onFail: fc.constantFrom(...onFailPolicies),
      migrationThreshold: fc.integer({ min: 1, max: 1000 }),
    },
    { requiredKeys: [] },
  );
  const perGroup = groups.map((group) => {
    const names = resourceNames(group.resources);
    const agents = group.resources.flatMap((resource, index) => {
      if (resource.kind === 'address') return [];
      const parameters = /\.|^(systemd|lsb):|^(IPsrcaddr|ldirectord)$/.test(resource.agent)
        ? fc.constant({})
        : fc.dictionary(fc.constantFrom('a', 'b_c'), line);
      return [fc.tuple(fc.constant(names[index]!), fc.record({ settings, parameters }))];
    });
    return fc.record({
      needsFencing: fc.boolean(),
      agents: fc.tuple(...agents).map((entries) => Object.fromEntries(entries)),
    });
  });
  return maybe(
    fc.record({
      defaults: settings,
      groups: fc
        .tuple(...perGroup)
        .map((rules) => Object.fromEntries(rules.map((rule, index) => [groups[index]!.name, rule]))),
    }),
  );
}

const authkeys: fc.Arbitrary<Authkeys> = fc
  .uniqueArray(
    fc.record({
      id: fc.nat(255),
      method: fc.constantFrom(...authMethods),
      // A "#" alone begins a comment.
      secret: fc.stringMatching(/^[!-~]{1,40}$/).filter((secret) => secret !== '#'),
    }),
    { minLength: 1, maxLength: 3, selector: ({ id }) => id },
  )
  .map((keys) => {
    const plain = keys.map((key) => ({ ...key, secret: key.method === 'crc' ? '' : key.secret }));
    return { active: plain[0]!.id, keys: plain };
  });

describe('the law: what the templates write, the parsers read back to the same model', () => {
  it('holds for any cluster and any keys', function () {
    // Four CPU seconds of work, which take longer where others share the machine.
    this.timeout(120_000);
    fc.assert(
      fc.property(sound, authkeys, (model, keys) => {
        const files = renderFiles(model, keys);
        const read = checkReadBack(model, files);
        assert.deepEqual(read.authkeys, keys);
        assert.deepEqual(read.notes, []);
      }),
      { numRuns: draws(200) },
    );
  });

  const kept = ['minimal', 'placement', 'fencing'].map((name) => `test/data/inventory-good/${name}.yml`);
  for (const file of ['inventory/lab.yml', 'inventory/example.yml', ...kept]) {
    it(`holds for ${file}`, async () => {
      const { cluster: model } = await loadInventory(file);
      const keys: Authkeys = { active: 1, keys: [{ id: 1, method: 'sha256', secret: 'x' }] };
      const read = checkReadBack(model!, renderFiles(model!, keys));
      assert.equal(clusterDifference(model!, read.cluster), undefined);
    });
  }

  it('holds for quorumd.conf of any cluster', () => {
    fc.assert(
      fc.property(sound, (model) => {
        const text = renderFiles(model, undefined, ['quorumd.conf'])['quorumd.conf']!;
        const [read, ...more] = parseQuorumdConf(text).clusters;
        const { keepalive, deadtime, lease } = model.timings;
        assert.deepEqual(more, []);
        assert.deepEqual(read, {
          name: model.name,
          version: '2_0_8',
          interval: keepalive,
          timeout: deadtime,
          takeover: lease,
          giveup: Math.max(1, lease - keepalive),
          nodeCount: model.nodes.length,
          weight: 100,
          nodes: model.nodes,
          arbiters: model.arbiters.map((arbiter) => arbiter.name),
          certificates: `/etc/ha.d/arbiter/${model.name}`,
          port: model.arbiters[0]?.port ?? defaultArbiterPort,
        });
      }),
      { numRuns: draws(200) },
    );
  });

  it('quorumd.conf too', async () => {
    const { cluster: model } = await loadInventory('inventory/example.yml');
    const text = renderFiles(model!, undefined, ['quorumd.conf'])['quorumd.conf']!;
    assert.deepEqual(parseQuorumdConf(text).clusters, [
      {
        name: 'shop',
        version: '2_0_8',
        interval: 200,
        timeout: 800,
        takeover: 800,
        giveup: 600,
        nodeCount: 2,
        weight: 100,
        nodes: ['lb1', 'lb2'],
        arbiters: ['vote1'],
        certificates: '/etc/ha.d/arbiter/shop',
        port: 5561,
      },
    ]);
  });

  it('is held against files that say something else', async () => {
    const { cluster: model } = await loadInventory('inventory/lab.yml');
    const files = renderFiles(model!, { active: 1, keys: [{ id: 1, method: 'sha1', secret: 'x' }] });
    const broken: ConfigFiles = { ...files, 'ha.cf': files['ha.cf']!.replace('keepalive 110ms', 'keepalive 60ms') };
    assert.throws(() => checkReadBack(model!, broken), /timings.keepalive was 110 and is 60/);
  });

  it('every template of the cluster files is known here', () => {
    const ours = ['60-lvs-arp.conf', 'authkeys', 'ha.cf', 'haresources', 'ldirectord.cf', 'muster.yml', 'quorumd.conf'];
    const there = readdirSync('templates').map((file) => file.replace(/\.hbs$/, ''));
    assert.deepEqual(
      ours.filter((file) => !there.includes(file)),
      [],
    );
  });

  it('forwarding is switched on only where packets are routed', async () => {
    const { cluster: model } = await loadInventory('inventory/lab.yml');
    const arp = (changed: Cluster): string => renderFiles(changed, undefined, ['60-lvs-arp.conf'])['60-lvs-arp.conf']!;
    assert.doesNotMatch(arp(model!), /ip_forward/);
    const servers = model!.services[0]!.realServers.map((server) => ({ ...server, forwarding: 'masq' as const }));
    assert.match(
      arp({ ...model!, services: [{ ...model!.services[0]!, realServers: servers }] }),
      /^net\.ipv4\.ip_forward = 1$/m,
    );
    assert.match(readFileSync('templates/60-lvs-arp.conf.hbs', 'utf8'), /all\.arp_announce = 2/);
  });
});
