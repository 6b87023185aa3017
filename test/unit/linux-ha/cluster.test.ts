import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../src/base/problem.ts';
import {
  type ConfigFiles,
  configHash,
  parseConfiguration,
  readCluster,
  readConfiguration,
} from '../../../src/linux-ha/cluster.ts';
import { profiles } from '../../../src/model/defaults.ts';

/** A cluster as somebody had it in 2008, long before muster.yml. */
const old: ConfigFiles = {
  'ha.cf':
    'keepalive 2\ndeadtime 30\nbcast eth0\nauto_failback off\nnode ken3\nnode kathy\nuse_logd yes\nstonith_host * external/ssh kathy\n',
  authkeys: 'auth 1\n1 sha1 secret\n',
  haresources: 'ken3 IPaddr::10.0.0.100/24/eth0 apache\nkathy 10.0.0.101\n',
  'ldirectord.cf': 'checkinterval=5\nvirtual=10.0.0.100:80\n\treal=10.0.0.2:80 gate\n',
};

function mistakesOf(files: ConfigFiles): string[] {
  try {
    parseConfiguration(files);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.mistakes.map(({ at, message }) => `${at.file}:${at.line}:${at.column} ${message}`);
  }
  return [];
}

describe('/etc/ha.d', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'muster-ha.d-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function write(files: ConfigFiles): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text, { mode: 0o600 });
  }

  it('takes its timings from the profile where ha.cf says none, and the lease with them', () => {
    const files = { ...old, 'ha.cf': 'bcast eth0\nnode ken3 kathy kit\n' };
    const timingsOf = (yml: string) => parseConfiguration({ ...files, 'muster.yml': yml }).cluster.timings;
    assert.deepEqual(timingsOf('profile: fast'), profiles.fast);
    assert.deepEqual(timingsOf('profile: fast\nlease: 90ms'), { ...profiles.fast, lease: 90 });
    assert.deepEqual(timingsOf(''), profiles.default);
    assert.deepEqual(mistakesOf({ ...files, 'muster.yml': 'profile: faster' }), [
      'muster.yml:1:10 Cannot read "profile" as default or fast: "faster"',
    ]);
  });

  it('of 2008 is a cluster without muster.yml: groups named by their address, the lease as long as deadtime', async () => {
    await write(old);
    const { cluster, notes, authkeys, hash } = readConfiguration(directory);
    assert.equal(cluster.name, 'linux-ha');
    assert.deepEqual(
      cluster.groups.map(({ name, preferred }) => [name, preferred]),
      [
        ['10.0.0.100', 'ken3'],
        ['10.0.0.101', 'kathy'],
      ],
    );
    assert.equal(cluster.timings.lease, 30_000);
    assert.deepEqual(cluster.nodeAddresses, {});
    assert.deepEqual(
      cluster.services.map(({ name, check }) => [name, check.interval]),
      [['10.0.0.100:80/tcp', 5000]],
    );
    assert.equal(authkeys.active, 1);
    assert.equal(notes.length, 1);
    assert.equal(hash, configHash(old));
    assert.deepEqual(readCluster(directory), cluster);
  });

  it('refuses keys that others may read, as heartbeat does', async () => {
    await write(old);
    await chmod(join(directory, 'authkeys'), 0o644);
    assert.throws(
      () => readConfiguration(directory),
      /Cannot trust ".*authkeys" as only root may read it: its mode is 0644/,
    );
    await chmod(join(directory, 'authkeys'), 0o600);
  });

  it('may have its ldirectord.cf under the name that haresources gives', () => {
    const files: Record<string, string> = {
      '/etc/ha.d/ha.cf': old['ha.cf']!,
      '/etc/ha.d/authkeys': old.authkeys!,
      '/etc/ha.d/haresources': 'ken3 10.0.0.100 ldirectord::www.cf\n',
      '/etc/ha.d/www.cf': old['ldirectord.cf']!,
    };
    const cluster = readCluster('/etc/ha.d', { read: (path) => files[path], mode: () => 0o600 });
    assert.equal(cluster.services.length, 1);
  });

  it('shows the mistakes of all files at once, with what is missing', () => {
    const { authkeys: _, ...files } = old;
    assert.deepEqual(
      mistakesOf({ ...files, 'ha.cf': `${old['ha.cf']}bogus\n`, haresources: 'ken3\nnobody 10.0.0.1\n' }),
      [
        'ha.cf:9:1 Cannot read "bogus" as a directive of ha.cf: it is not known',
        'authkeys:1:1 Cannot authenticate messages as this file must be there: it is not',
        'haresources:1:1 Cannot read the group of "ken3" as a resource must follow the node: none does',
      ],
    );
    assert.deepEqual(mistakesOf({ ...old, haresources: 'nobody 10.0.0.1\n' }), [
      'haresources:1:1 Cannot prefer node "nobody" as ha.cf must name it: it does not (known: ken3, kathy)',
    ]);
  });

  it('holds muster.yml against the other files', () => {
    const yml =
      'lease: 3s\ngroups: { web: { address: 10.0.0.9 } }\nservices: { web: { virtual: "10.0.0.9:80/tcp" } }\n';
    assert.deepEqual(mistakesOf({ ...old, 'muster.yml': yml }), [
      'muster.yml:2:11 Cannot name a group "web" as haresources must have "10.0.0.9" first in one: it has not (known: 10.0.0.100, 10.0.0.101)',
      'muster.yml:3:13 Cannot name a service "web" as ldirectord.cf must have virtual "10.0.0.9:80/tcp": it has not (known: 10.0.0.100:80/tcp)',
      'muster.yml:1:8 Cannot hold a lease of 3 s as it must last at least two keepalives: keepalive is 2 s',
    ]);
  });

  it('of two nodes needs a third vote or fencing, and says so', () => {
    const alone = { ...old, 'ha.cf': old['ha.cf']!.replace(/stonith_host.*\n/, '') };
    const refused =
      'ha.cf:5:6 Cannot form a majority as two nodes need a third vote or fencing: only ken3 and kathy would vote';
    assert.deepEqual(mistakesOf(alone), [refused]);
    // Only the other one counts: what a node has for itself is of no use when it is dead.
    const one = { ...alone, 'ha.cf': `${alone['ha.cf']}stonith_host kathy external/ssh ken3\n` };
    assert.deepEqual(mistakesOf(one), [refused]);
    const both = { ...one, 'ha.cf': `${one['ha.cf']}stonith_host ken3 external/ssh kathy\n` };
    const third = 'lease: 30s\narbiters: [{ name: vote, address: 10.0.0.9 }]\n';
    for (const files of [
      old,
      both,
      { ...alone, 'ha.cf': `${alone['ha.cf']}stonith null /etc/ha.d/null.cf\n` },
      { ...alone, 'ha.cf': `${alone['ha.cf']}node third\n` },
      { ...alone, 'muster.yml': third },
    ])
      assert.deepEqual(mistakesOf(files), []);
  });

  it('has no lease that a far arbiter could not renew', () => {
    const yml = (lease: string): string =>
      `lease: ${lease}\narbiters: [{ name: vote, address: 10.0.0.9, round_trip: 1s }]\n`;
    assert.deepEqual(mistakesOf({ ...old, 'muster.yml': yml('5500ms') }), []);
    assert.deepEqual(mistakesOf({ ...old, 'muster.yml': yml('5400ms') }), [
      "muster.yml:1:8 Cannot hold a lease of 5.4 s as the arbiter's answers must be able to renew it: at its round trip that takes 5.5 s",
    ]);
    // With three nodes and one lost, two others are a majority without it.
    assert.deepEqual(
      mistakesOf({ ...old, 'ha.cf': `${old['ha.cf']}node third fourth\n`, 'muster.yml': yml('5s') }),
      [],
    );
  });

  it('says where something is too much for a lease or a message, before anything starts', () => {
    assert.deepEqual(
      mistakesOf({
        ...old,
        'ha.cf': `${old['ha.cf']}node third\n`
          .replace('deadtime 30', 'deadtime 8ms')
          .replace('keepalive 2', 'keepalive 2ms'),
      }),
      [
        'ha.cf:2:10 Cannot hold a lease of 8 ms as its gate must outlast a keepalive of 2 ms: 10 ms of it are the margin for clocks that drift',
      ],
    );
    const many = Array.from({ length: 256 }, (_, index) => `ken3 10.1.${index >> 7}.${index & 127}\n`).join('');
    assert.deepEqual(mistakesOf({ ...old, haresources: many }), [
      'haresources:256:1 Cannot add group "10.1.1.127" as one message holds at most 255 groups: this is number 256 of 256',
    ]);
    assert.deepEqual(mistakesOf({ ...old, haresources: `ken3 MailTo::${'x'.repeat(300)}\n` }), [
      `haresources:1:1 Cannot name a group as its name has at most 255 bytes: "MailTo::${'x'.repeat(32)}..." has 308`,
    ]);
    const addresses = (group: number, count: number): string =>
      `ken3 ${Array.from({ length: count }, (_, index) => `fd00:${group + 1}::${(index + 1).toString(16)}`).join(' ')}\n`;
    assert.deepEqual(mistakesOf({ ...old, haresources: addresses(0, 256) }), [
      'haresources:1:1 Cannot move 256 addresses with "fd00:1::1" as one message holds at most 255 of a group: it has more',
    ]);
    const full = Array.from({ length: 30 }, (_, index) => addresses(index, 255)).join('');
    assert.match(
      mistakesOf({ ...old, haresources: full })[0]!,
      /^haresources:\d+:1 Cannot add group .* of so many addresses: /,
    );
    const nodes = Array.from({ length: 31 }, (_, index) => `node n${index}\n`).join('');
    assert.deepEqual(mistakesOf({ ...old, 'ha.cf': nodes, haresources: '' }), [
      'ha.cf:31:6 Cannot form a cluster as it has at most 30 nodes: this is number 31 of 31',
    ]);
  });

  it('hashes alike if and only if every file is alike', () => {
    const same = { ...Object.fromEntries(Object.entries(old).reverse()) };
    assert.equal(configHash(same), configHash(old));
    assert.match(configHash(old), /^[0-9a-f]{12}$/);
    const hashes = new Set([
      configHash(old),
      configHash({ ...old, 'ha.cf': `${old['ha.cf']}#` }),
      configHash({ ...old, 'muster.yml': '' }),
      configHash({ ab: 'c' }),
      configHash({ a: 'bc' }),
    ]);
    assert.equal(hashes.size, 5);
  });
});
