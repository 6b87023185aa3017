import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ArbiterProcessStatus } from '../../src/wire/arbiter-status.ts';
import { type KeyPair, makeCertificate, writeCertificates } from './arbiter/certificates.ts';
import { journals, oneHolderOf, statusOf, tellFailure } from './supervisor/holders.ts';
import { createCluster, type TestCluster, type TestNode, until } from './supervisor/namespaces.ts';

const lease = 1000;

/** Their nodes and groups have the same names, so that whatever one cluster says would fit the other. */
const clusters = [
  { name: 'left', address: '10.77.0.100', ends: ['10.77.0.11', '10.77.0.12'] },
  { name: 'right', address: '10.77.0.101', ends: ['10.77.0.13', '10.77.0.14'] },
] as const;

describe('an arbiter of two clusters', function () {
  this.timeout(120_000);
  let all: TestCluster;
  let vote: TestNode;
  /** The nodes of each cluster; both call theirs node1 and node2. */
  let sides: readonly (readonly TestNode[])[];
  let own: KeyPair[];

  const certificates = (node: TestNode, name: string): string => join(node.configDir, 'arbiter', name);
  const served = (): ArbiterProcessStatus =>
    JSON.parse(vote.musterd('--arbiter', 'status', '--json')) as ArbiterProcessStatus;
  const wait = (condition: () => boolean): Promise<void> => until(condition, () => journals(all.nodes), 40_000, 100);

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    all = await createCluster({ nodes: 5 });
    vote = all.nodes[4]!;
    sides = [all.nodes.slice(0, 2), all.nodes.slice(2, 4)];
    own = clusters.map(({ name }) => makeCertificate(name));
    mkdirSync(join(vote.configDir, 'arbiter'));
    mkdirSync(join(vote.configDir, 'quorumd.d'));
    for (const [index, { name, address, ends }] of clusters.entries()) {
      const pairs = sides[index]!.map(() => makeCertificate(name));
      const links = ends.map((end) => `ucast eth0 ${end}\n`).join('');
      for (const [place, node] of sides[index]!.entries()) {
        const times = 'keepalive 100ms\nwarntime 400ms\ndeadtime 1\ninitdead 1\nauto_failback off';
        node.configure('ha.cf', `cluster ${name}\nnode node1 node2\n${times}\n${links}`);
        node.configure('authkeys', `auth 1\n1 sha256 only-of-${name}\n`);
        node.configure('haresources', `node1 IPaddr2::${address}/24/eth0\n`);
        node.configure(
          'muster.yml',
          `lease: ${lease}ms\ngroups: { web: { address: ${address} } }\narbiters: [{ name: vote, address: 10.77.0.15, port: 5561, round_trip: 50ms }]\n`,
        );
        mkdirSync(join(node.configDir, 'arbiter'));
        writeCertificates(certificates(node, name), pairs[place]!, { vote: [own[index]!] });
      }
      writeCertificates(certificates(vote, name), own[index]!, { node1: [pairs[0]!], node2: [pairs[1]!] });
      const said = `cluster ${name}\ninterval 100\ntimeout 1000\ntakeover ${lease}\nnode node1 node2\narbiter vote\n`;
      vote.configure(
        index === 0 ? 'quorumd.conf' : `quorumd.d/${name}.conf`,
        `${said}certificates ${certificates(vote, name)}\n`,
      );
    }
    vote.start('--arbiter', 'vote');
    for (const side of sides) for (const [place, node] of side.entries()) node.start('run', `node${place + 1}`);
  });
  afterEach(function () {
    tellFailure(this, all.nodes.slice(0, 4));
  });
  after(() => all?.remove());

  it('serves both on one port, each with voters, groups and leases of its own', async () => {
    for (const side of sides) await oneHolderOf(side);
    await wait(() =>
      served().clusters.every(({ nodes }) => nodes.length === 2 && nodes.every(({ connections }) => connections === 2)),
    );
    assert.deepEqual(
      served().clusters.map(({ name }) => name),
      ['left', 'right'],
    );
  });

  it('votes in one for the node that is left, and changes nothing in the other, whose names are the same', async () => {
    const [left, right] = sides as [readonly TestNode[], readonly TestNode[]];
    const holder = await oneHolderOf(left);
    const other = left.find((node) => node !== holder)!;
    holder.signal('SIGKILL');
    await holder.ended();
    await wait(() => statusOf(other)?.groups[0]?.gateOpen === true);
    await wait(() => statusOf(other)?.groups[0]?.votes.includes('vote') === true);
    // The death of a namesake is none of the other cluster's.
    const isUp = ({ state }: { state: string }): boolean => state === 'self' || state === 'up';
    await wait(() => right.every((node) => statusOf(node)?.nodes.every(isUp) === true));
    const nameIn = (side: readonly TestNode[], node: TestNode): string => `node${side.indexOf(node) + 1}`;
    const told = (): string =>
      served()
        .clusters.map(({ groups }) => groups[0]?.holder ?? 'nobody')
        .join(' ');
    const seen = `${nameIn(left, other)} ${nameIn(right, await oneHolderOf(right))}`;
    await wait(() => told() === seen);
  });

  it("lets a node of one into none of the other's", async () => {
    const [left, right] = sides as [readonly TestNode[], readonly TestNode[]];
    const node = left[0]!;
    const stranger = join(import.meta.dirname, 'arbiter/stranger.mjs');
    const pair = ['own.key', 'own.pem'].map((file) => node.run('cat', join(certificates(node, 'left'), file)));
    const said = node.run(process.execPath, stranger, '10.77.0.15', 'right', ...pair);
    assert.match(said, /refused: no one here has the certificate/);
    assert.equal((await oneHolderOf(right)).running, true);
  });
});
