import assert from 'node:assert/strict';
import { join } from 'node:path';
import { answering, journals, oneHolderOf, statusOf } from './supervisor/holders.ts';
import {
  createCluster,
  type TestCluster,
  type TestNode,
  until,
  virtualIp,
  virtualIp6,
} from './supervisor/namespaces.ts';

const echo = join(import.meta.dirname, 'supervisor/echo.mjs');
const probe = join(import.meta.dirname, 'supervisor/probe.mjs');
const port = '7777';
const addresses = [virtualIp, virtualIp6];

interface Watch {
  /** Who accepted a datagram since this watch began. */
  readonly accepted: Set<string>;
  stop(): Promise<void>;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends datagrams for the virtual IPs to this node's MAC each 2 ms, whoever holds them; resolves when they flow. */
async function sendTo(cluster: TestCluster, { mac }: TestNode): Promise<Watch> {
  for (const address of addresses)
    cluster.client('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
  const accepted = new Set<string>();
  const programs = addresses.map((address) =>
    cluster.watch([process.execPath, probe, address, port, '2'], (line) =>
      accepted.add((JSON.parse(line) as { node: string }).node),
    ),
  );
  const sent = (): number => Number(cluster.client('cat', '/sys/class/net/eth0/statistics/tx_packets'));
  const before = sent();
  await until(
    () => sent() > before + 100,
    () => 'the client sends nothing',
  );
  return {
    accepted,
    stop: async () => {
      // What is under way arrives.
      await pause(100);
      await Promise.all(
        programs.map(
          (program) =>
            new Promise((resolve) => {
              program.once('exit', resolve);
              program.kill('SIGKILL');
            }),
        ),
      );
      for (const address of addresses) cluster.client('ip', 'neigh', 'del', address, 'dev', 'eth0');
    },
  };
}

/** Prints what comes to the client's port 7999. */
const listen = `require('node:dgram').createSocket('udp4').on('message', (bytes) => console.log(String(bytes))).bind(7999, () => console.log('ready'))`;

/** Sends a frame, in hex, on eth0 as it is: AF_PACKET (17), SOCK_RAW (3), struct sockaddr_ll of packet(7). */
const sendFrame = `open my $f, '<', '/sys/class/net/eth0/ifindex' or die $!; my $device = <$f> + 0;
socket(my $s, 17, 3, 0) or die $!; defined send($s, pack('H*', $ARGV[0]), 0, pack('SnlSCCx8', 17, 0x0800, $device, 0, 0, 0)) or die $!;`;

/** A frame with a UDP datagram (RFC 768, without a checksum) of the client's to the virtual IP, sent on by a director. */
function clientsDatagram(text: string, from: string, to: string): Buffer {
  const payload = Buffer.from(text);
  const address = (ip: string): number[] => ip.split('.').map(Number);
  const mac = (of: string): Buffer => Buffer.from(of.replaceAll(':', ''), 'hex');
  const udp = Buffer.alloc(8);
  for (const [index, value] of [7999, Number(port), 8 + payload.length, 0].entries())
    udp.writeUInt16BE(value, 2 * index);
  const length = 28 + payload.length;
  const ip = Buffer.from([
    0x45,
    0,
    0,
    length,
    0,
    0,
    0,
    0,
    64,
    17,
    0,
    0,
    ...address('10.77.0.10'),
    ...address(virtualIp),
  ]);
  let sum = 0;
  for (let at = 0; at < ip.length; at += 2) sum += ip.readUInt16BE(at);
  ip.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 10);
  return Buffer.concat([mac(to), mac(from), Buffer.from([0x08, 0x00]), ip, udp, payload]);
}

/** Ways to take the gate away. */
const removals = [
  ['nft', 'flush', 'ruleset'],
  ['nft', 'delete', 'table', 'netdev', 'muster'],
] as const;

describe('a ruleset that somebody flushes', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  const others = (node: TestNode): TestNode[] => cluster.nodes.filter((other) => other !== node);
  const seen = (): string => journals(cluster.nodes);
  const lost = ({ journal }: TestNode): number => journal.filter(({ what }) => what === 'gate-lost').length;

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    cluster = await createCluster();
    for (const node of cluster.nodes) node.start();
    await oneHolderOf(cluster.nodes);
    for (const node of cluster.nodes) node.spawn([process.execPath, echo, node.name, port, ...addresses]);
  });
  after(() => cluster?.remove());

  it('is what a holder accepts frames by', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const watch = await sendTo(cluster, holder);
    await until(() => watch.accepted.has(holder.name), seen);
    await watch.stop();
    assert.deepEqual([...watch.accepted], [holder.name]);
  });

  it('leaves a standby shut for every frame, also while its musterd hangs', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const standby = others(holder)[0]!;
    // It is to take nothing over, however slow this machine is: then what it accepts would be right.
    standby.musterd('standby');
    const watch = await sendTo(cluster, standby);
    for (const removal of removals) {
      const before = lost(standby);
      standby.run(...removal);
      await until(() => lost(standby) > before, seen);
      standby.signal('SIGSTOP');
      try {
        standby.run(...removal);
        assert.ok(!standby.run('nft', 'list', 'tables').includes('netdev muster\n'));
        await pause(500);
      } finally {
        standby.signal('SIGCONT');
      }
      await until(() => lost(standby) > before + 1, seen);
    }
    await watch.stop();
    assert.deepEqual([...watch.accepted], [], seen());
    assert.throws(() => standby.run('nft', 'delete', 'table', 'netdev', 'muster-backstop'));
    standby.musterd('online');
  });

  it('takes nothing from a real server: what a director sends on to a standby is delivered all the same', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    const standby = others(holder)[0]!;
    const answers: string[] = [];
    const listener = cluster.watch([process.execPath, '-e', listen], (line) => answers.push(line));
    await until(() => answers.includes('ready'), seen);
    await until(
      () => standby.run('nft', 'list', 'set', 'netdev', 'muster-backstop', 'peers').includes(holder.mac),
      seen,
    );
    const forward = (text: string, mac: string): string =>
      holder.run('perl', '-e', sendFrame, clientsDatagram(text, mac, standby.mac).toString('hex'));
    standby.signal('SIGSTOP');
    try {
      standby.run('nft', 'flush', 'ruleset');
      forward('stranger', '02:00:00:77:00:99');
      forward('director', holder.mac);
      await until(() => answers.includes(`director ${standby.name}`), seen);
      assert.deepEqual(answers, ['ready', `director ${standby.name}`]);
    } finally {
      standby.signal('SIGCONT');
      listener.kill('SIGKILL');
    }
    await until(() => standby.run('nft', 'list', 'tables').includes('netdev muster\n'), seen);
  });

  it('shuts a holder until it has a fresh grant, and one that hangs for good', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    for (const removal of removals) {
      const before = lost(holder);
      holder.run(...removal);
      await until(() => lost(holder) > before, seen);
      await oneHolderOf(cluster.nodes);
    }
    const frozen = await oneHolderOf(cluster.nodes);
    frozen.signal('SIGSTOP');
    try {
      frozen.run('nft', 'flush', 'ruleset');
      const watch = await sendTo(cluster, frozen);
      await oneHolderOf(others(frozen));
      await watch.stop();
      assert.deepEqual([...watch.accepted], [], seen());
    } finally {
      frozen.signal('SIGCONT');
    }
    await until(() => frozen.journal.some(({ what }) => what === 'lost'), seen);
    const holders = [await oneHolderOf(cluster.nodes)].map(({ name }) => name);
    assert.deepEqual(answering(cluster, cluster.nodes, virtualIp), holders);
  });

  it('leaves nothing behind a musterd that is killed or stopped but its shut gate', async () => {
    const [killed, stopped] = others(await oneHolderOf(cluster.nodes)) as [TestNode, TestNode];
    const watch = await sendTo(cluster, killed);
    killed.signal('SIGKILL');
    await killed.ended();
    const tables = (node: TestNode): string => node.run('nft', 'list', 'tables');
    await until(
      () => tables(killed) === 'table netdev muster\n',
      () => tables(killed),
    );
    await watch.stop();
    assert.deepEqual([...watch.accepted], [], seen());
    killed.start();
    await until(() => statusOf(killed)?.quorum.quorate === true, seen, 30_000);
    await until(
      () => tables(killed).includes('muster-backstop'),
      () => tables(killed),
    );
    stopped.signal('SIGTERM');
    assert.equal(await stopped.ended(), 0);
    assert.equal(tables(stopped), 'table netdev muster\n');
    assert.ok(
      cluster.nodes.every(({ journal }) => !journal.some(({ what }) => what === 'protection')),
      seen(),
    );
  });
});
