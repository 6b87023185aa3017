import assert from 'node:assert/strict';
import { Problem, showMistake } from '../../../src/base/problem.ts';
import { parseConfiguration } from '../../../src/linux-ha/cluster.ts';
import { type Fencing, levelsOf, secretsOf, withoutSecrets } from '../../../src/model/fencing.ts';
import { configurationWarnings } from '../../../src/supervisor/startup-checks.ts';

const files = {
  'ha.cf': 'node n1 n2 n3\nucast eth0 10.0.0.1\n',
  authkeys: 'auth 1\n1 sha256 secret\n',
  haresources: 'n1 10.0.0.100 Filesystem::/dev/sdb1::/a\n',
};
const named = 'groups: { shop: { address: 10.0.0.100 } }\n';

function read(text: string, more: Readonly<Record<string, string>> = {}) {
  return parseConfiguration({ ...files, 'muster.yml': `${named}${text}`, ...more });
}

function mistakesOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error.mistakes.map(showMistake);
    throw error;
  }
  return [];
}

const ipmi = `fencing:
  devices:
    ipmi:
      agent: fence_ipmilan
      options: { username: admin, password: "s3cret # word", lanplus: true }
      nodes: { n1: { ip: 10.9.0.1 }, n2: { ip: 10.9.0.2 }, n3: { ip: 10.9.0.3, password: other } }
      action: reboot
      timeout: 20s
    pdu-a: { agent: fence_apc_snmp, options: { ip: 10.9.1.1 }, nodes: { n1: 3, n2: four } }
    pdu-b: { agent: 'stonith:external/rackpdu', nodes: [n1, n2] }
  levels: { n1: [ipmi, [pdu-a, pdu-b]] }
  delays: { n1: 5s }
  random_delay: 2s
  self_test: 1h
  watchdog: required
`;

describe('fencing in muster.yml and ha.cf', () => {
  it('names devices with their options of each node, levels, delays, tests and the watchdog', () => {
    const { cluster } = read(ipmi, { 'ha.cf': `${files['ha.cf']}stonith_host * external/ssh n1 n2\n` });
    const fencing = cluster.fencing!;
    assert.deepEqual(fencing.devices[0], {
      name: 'ipmi',
      agent: 'fence_ipmilan',
      options: { username: 'admin', password: 's3cret # word', lanplus: 'true' },
      nodes: { n1: { ip: '10.9.0.1' }, n2: { ip: '10.9.0.2' }, n3: { ip: '10.9.0.3', password: 'other' } },
      action: 'reboot',
      timeout: 20_000,
    });
    assert.deepEqual(
      fencing.devices.slice(1).map(({ nodes, action, timeout }) => ({ nodes, action, timeout })),
      [
        { nodes: { n1: { plug: '3' }, n2: { plug: 'four' } }, action: 'off', timeout: 60_000 },
        { nodes: { n1: {}, n2: {} }, action: 'off', timeout: 60_000 },
      ],
    );
    const levels = (node: string): string[][] => levelsOf(fencing, node).map((level) => level.map(({ name }) => name));
    assert.deepEqual(levels('n1'), [['ipmi'], ['pdu-a', 'pdu-b']]);
    assert.deepEqual(levels('n2'), [['ipmi'], ['pdu-a'], ['pdu-b']]);
    assert.deepEqual(levels('n3'), [['ipmi']]);
    const { delays, randomDelay, selfTest, lines } = fencing;
    assert.deepEqual(
      { delays, randomDelay, selfTest },
      { delays: { n1: 5000 }, randomDelay: 2000, selfTest: 3_600_000 },
    );
    assert.deepEqual(lines, [{ directive: 'stonith_host', from: '*', type: 'external/ssh', parameters: 'n1 n2' }]);
    assert.equal(cluster.watchdogPolicy, 'required');
  });

  it('is not there where no device is, also where the watchdog is spoken of', () => {
    const { cluster } = read('fencing: { watchdog: off }\n');
    assert.deepEqual([cluster.fencing, cluster.watchdogPolicy], [undefined, 'off']);
    assert.equal(read('').cluster.watchdogPolicy, undefined);
  });

  it('is the third vote of two nodes only where each of them can be fenced', () => {
    const two = { 'ha.cf': 'node n1 n2\nucast eth0 10.0.0.1\n' };
    const device = (nodes: string): string =>
      `fencing: { devices: { ipmi: { agent: fence_ipmilan, nodes: [${nodes}] } } }`;
    assert.deepEqual(
      mistakesOf(() => read(device('n1, n2'), two)),
      [],
    );
    assert.match(
      mistakesOf(() => read(device('n1'), two)).join(),
      /^ha\.cf:1:6 Cannot form a majority as two nodes need/,
    );
    assert.match(mistakesOf(() => read('', two)).join(), /^ha\.cf:1:6 Cannot form a majority/);
  });

  it('shows no password: not in what is printed, and not in a mistake', () => {
    const fencing = read(ipmi, { 'ha.cf': `${files['ha.cf']}stonith_host * baytech 10.0.0.3 login pa"ss\n` }).cluster
      .fencing!;
    const shown = JSON.stringify(withoutSecrets(fencing));
    const secrets = secretsOf(fencing);
    assert.deepEqual(secrets, ['s3cret # word', 'other', 'login', 'pa"ss', 'pa\\"ss']);
    for (const secret of ['s3cret', 'other', 'pa"ss', 'pa\\"ss']) assert.ok(!shown.includes(secret), shown);
    const twoLines =
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1], options: { password: "hidden\\nword" } } } }';
    const [mistake] = mistakesOf(() => read(twoLines));
    assert.match(mistake!, /Cannot read "password" as a text of one line: "a text of several lines"/);
  });

  it('says at start which group waits for a person, as nobody else can fence its node', () => {
    const needs = 'resources: { groups: { shop: { needs: fencing } } }\n';
    const waits = /^group shop needs fencing and no device is there for it/;
    assert.ok(configurationWarnings(read(needs), '/none').some((note) => waits.test(note)));
    assert.ok(!configurationWarnings(read(`${needs}${ipmi}`), '/none').some((note) => waits.test(note)));
  });

  it('says at start where others may read a password', () => {
    const both = read(ipmi, { 'ha.cf': `${files['ha.cf']}stonith_host * baytech 10.0.0.3 login pass\n` });
    const warned = (mode: number): string[] => configurationWarnings(both, '/etc/ha.d', () => mode);
    const others = 'others may read the passwords of fencing devices: chmod 600 /etc/ha.d';
    assert.deepEqual(warned(0o100644), [`${others}/ha.cf`, `${others}/muster.yml`]);
    assert.deepEqual(warned(0o100600), []);
    const open = read('fencing: { devices: { d: { agent: fence_x, nodes: [n1] } } }');
    assert.deepEqual(
      configurationWarnings(open, '/etc/ha.d', () => 0o644),
      [],
    );
  });

  const wrong: readonly (readonly [string, string])[] = [
    [
      'fencing: { device: {} }',
      '2:12 Cannot read "device" as a key of "fencing": it is not known\n  hint: did you mean "devices"?',
    ],
    [
      'fencing: { devices: { 1a: {} } }',
      '2:27 Cannot read "1a" as a device whose name begins with a letter and has only letters, digits, "_", "." and "-": "1a"',
    ],
    [
      'fencing: { devices: { d: { agent: ipmilan, nodes: [n1] } } }',
      '2:35 Cannot read "agent" as fence_NAME, stonith:TYPE or scsi: "ipmilan"',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x } } }',
      '2:26 Cannot read "nodes" as the nodes that it can fence: nothing',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1], options: { action: on } } } }',
      '2:76 Cannot read "action" as an option that is not for Muster to say: "action"',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1], action: kill } } }',
      '2:65 Cannot read "action" as one of off, reboot: "kill"',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1], timeout: 2h } } }',
      '2:66 Cannot read "timeout" as an hour at most: "2h"',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n4] } } }',
      '2:51 Cannot fence by "n4" as it must be a node of the cluster: it is not (known: n1, n2, n3)\n  hint: did you mean "n1"?',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [] } } }',
      '2:44 Cannot fence by "d" as it must know one node at least: it knows none',
    ],
    [
      'fencing: { devices: { d: { agent: scsi, nodes: [n1], options: { device: sdb } } } }',
      '2:23 Cannot fence by "d" as "device" of its options must be the whole path of a disk: it is not',
    ],
    [
      'fencing: { devices: { d: { agent: fence_brocade, nodes: [n1], action: reboot } } }',
      '2:63 Cannot let nodes come back by "d" as its agent must switch them off: fence_brocade only cuts them off, and would let in what still runs\n  hint: leave out "action: reboot"',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1] } }, levels: { n1: [e] } }',
      '2:76 Cannot fence by "e" as it must be a device of "devices": it is not (known: d)\n  hint: did you mean "d"?',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1] } }, levels: { n2: [[d]] } }',
      '2:77 Cannot fence n2 by "d" as that device must know it: it does not\n  hint: add n2 to its "nodes"',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1] } }, levels: { n1: [[]] } }',
      '2:76 Cannot read "0" as a device, or a list of devices: []',
    ],
    [
      'fencing: { devices: { d: { agent: fence_x, nodes: [n1] } }, delays: { n9: 1s } }',
      '2:71 Cannot fence by "n9" as it must be a node of the cluster: it is not (known: n1, n2, n3)\n  hint: did you mean "n1"?',
    ],
    ['fencing: { self_test: 1s }', '2:23 Cannot read "self_test" as off, or from 10s to a day: "1s"'],
    ['fencing: { watchdog: maybe }', '2:22 Cannot read "watchdog" as one of required, automatic, off: "maybe"'],
    ['fencing: { delays: { n1: 1s } }', '2:10 Cannot fence as there must be a device: there is none'],
    [
      'resources: { groups: { shop: { needs: fencing } } }\nfencing: { devices: { d: { agent: fence_x, nodes: [n1, n3] } } }',
      '3:12 Cannot keep "shop" on one node only as each node must have a device that fences it: n2 has none\n  hint: add a device whose "nodes" has n2',
    ],
  ];
  for (const [text, mistake] of wrong)
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.deepEqual(
        mistakesOf(() => read(text)),
        [`muster.yml:${mistake}`],
      ));

  it('refuses a stonith_host line of a node that is not there', () => {
    const [mistake] = mistakesOf(() => read('', { 'ha.cf': `${files['ha.cf']}stonith_host n7 ssh n1\n` }));
    assert.equal(
      mistake,
      'ha.cf:3:14 Cannot let "n7" fence as it must be a node, or "*" for all: it is neither (known: n1, n2, n3)',
    );
  });
});

describe('the levels of a node', () => {
  it('are none where no device knows it', () => {
    const nobody: Fencing = { lines: [], devices: [], levels: {}, delays: {}, randomDelay: 0, selfTest: 0 };
    assert.deepEqual(levelsOf(nobody, 'constructor'), []);
  });
});
