import assert from 'node:assert/strict';
import { Problem } from '../../../src/base/problem.ts';
import { parseHaCf } from '../../../src/linux-ha/ha-cf.ts';

/** `line:column message` of each mistake. */
function mistakesOf(text: string): string[] {
  try {
    parseHaCf(text);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.mistakes.map(({ at, message }) => `${at.line}:${at.column} ${message}`);
  }
  return [];
}

describe('ha.cf', () => {
  it('reads a file as people had it in 2008: comments, tabs, CRLF, several names, units, obsolete directives', () => {
    const text = [
      '\ufeff#\tThere are lots of options in this file.',
      'debugfile /var/log/ha-debug',
      'logfacility\tlocal0',
      'use_logd yes',
      'keepalive 2# two seconds',
      'deadtime 30',
      'warntime 10s',
      'initdead 120',
      'udpport\t694',
      'baud 19200',
      'serial\t/dev/ttyS0\t# Linux',
      'bcast\teth0 eth1',
      'mcast eth0 225.0.0.1 694 1 0',
      'ucast eth1 192.168.1.2',
      'auto_failback on',
      'stonith_host * baytech 10.0.0.3 mylogin mysecret',
      'watchdog /dev/watchdog',
      'node ken3 kathy',
      'node	third',
      'ping 10.10.10.254',
      'respawn hacluster /usr/lib/heartbeat/ipfail',
      'crm off',
    ].join('\r\n');
    const cf = parseHaCf(text, 'ha.cf');
    assert.deepEqual(cf.nodes, ['ken3', 'kathy', 'third']);
    assert.deepEqual(cf.timings, { keepalive: 2000, deadtime: 30_000, warntime: 10_000, initdead: 120_000 });
    assert.deepEqual(cf.links, [
      { method: 'bcast', device: 'eth0' },
      { method: 'bcast', device: 'eth1' },
      { method: 'mcast', device: 'eth0', group: '225.0.0.1', port: 694, ttl: 1, loop: 0 },
      { method: 'ucast', device: 'eth1', peer: '192.168.1.2' },
    ]);
    assert.equal(cf.autoFailback, true);
    assert.deepEqual(cf.pingNodes, ['10.10.10.254']);
    const parameters = '10.0.0.3 mylogin mysecret';
    assert.deepEqual(
      cf.stonith.map(({ line }) => line),
      [{ directive: 'stonith_host', from: '*', type: 'baytech', parameters }],
    );
    assert.equal(cf.watchdog, '/dev/watchdog');
    assert.match(
      cf.notes.at(-2)!,
      /^ha\.cf:21 "respawn \.\.\. ipfail" has no meaning here: musterd does itself what ipfail did$/,
    );
    const noted = cf.notes.map((note) => /"([^"]+)" has no meaning here: ./.exec(note)?.[1]);
    const respawn = 'respawn ... ipfail';
    assert.deepEqual(noted, ['debugfile', 'logfacility', 'use_logd', 'baud', 'serial', respawn, 'crm']);
    assert.match(cf.notes[0]!, /^ha\.cf:2 /);
  });

  it('completes the timings in proportion to those that are there', () => {
    assert.deepEqual(parseHaCf('node a').timings, {
      keepalive: 110,
      deadtime: 300,
      warntime: 220,
      initdead: 600,
    });
    assert.equal(parseHaCf('node a').usualLease, 270);
    assert.equal(parseHaCf('node a', 'ha.cf', 'fast').timings.keepalive, 20);
    assert.equal(parseHaCf('node a\nkeepalive 2', 'ha.cf', 'fast').timings.keepalive, 2000);
    assert.deepEqual(parseHaCf('node a\ndeadtime 30').timings, {
      keepalive: 2000,
      deadtime: 30_000,
      warntime: 15_000,
      initdead: 60_000,
    });
    assert.deepEqual(parseHaCf('node a\nkeepalive 10ms').timings.deadtime, 40);
  });

  for (const [text, wanted] of [
    ['auto_failback off', false],
    ['auto_failback legacy', true],
    ['auto_failback YES', true],
    ['nice_failback on', false],
  ] as const) {
    it(`${text}: ${wanted}`, () => assert.equal(parseHaCf(`node a\n${text}`).autoFailback, wanted));
  }

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['', ['1:1 Cannot form a cluster as "node" must name its nodes: there is no such line']],
    ['node a\nkepalive 1', ['2:1 Cannot read "kepalive" as a directive of ha.cf: it is not known']],
    ['node a\nkeepalive fast', ['2:11 Cannot read keepalive as a duration like 50ms, 2 or 2s: "fast"']],
    ['node a\nkeepalive', ['2:1 Cannot read "keepalive" as it takes a value: none is there']],
    ['node a b\nnode b', ['2:6 Cannot add node "b" as each node is named once: it is there twice']],
    ['node a\n  udpport 70000', ['2:11 Cannot read udpport as a port from 1 to 65535: "70000"']],
    ['node a\nstonith_host *', ['2:14 Cannot read stonith_host as a device type must follow "*": none does']],
    ['node a\nstonith ssh', ['2:9 Cannot read stonith as the whole path of a file must follow "ssh": none does']],
    [
      'node a\nstonith ssh a.conf',
      ['2:13 Cannot read stonith as the whole path of a file must follow "ssh": "a.conf"'],
    ],
    ['node a\nucast eth0', ['2:7 Cannot read ucast as an address must follow the device "eth0": none does']],
    ['node a\nmcast eth0 ten', ['2:12 Cannot read mcast as a multicast address must follow the device: "ten"']],
    ['node a\nmcast eth0 225.0.0.1 694 1 2', ['2:28 Cannot read mcast as loop (0 or 1) must stand here: "2"']],
    [
      'node a\nkeepalive 2\ndeadtime 1',
      ['3:10 Cannot take deadtime 1 s as it must be longer than keepalive: that is 2 s'],
    ],
    [
      'node a\nauto_failback maybe\nbogus\nbogus',
      [
        '2:15 Cannot read auto_failback as on, off or legacy: "maybe"',
        '3:1 Cannot read "bogus" as a directive of ha.cf: it is not known',
        '4:1 Cannot read "bogus" as a directive of ha.cf: it is not known',
      ],
    ],
  ];
  for (const [text, mistakes] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(mistakesOf(text), mistakes));
  }

  it('names the nearest directive', () => {
    assert.throws(() => parseHaCf('node a\nkepalive 1'), /hint: did you mean "keepalive"\?/);
  });

  it('does not take a word of JavaScript for a directive', () => {
    assert.deepEqual(mistakesOf('node a\nconstructor x'), [
      '2:1 Cannot read "constructor" as a directive of ha.cf: it is not known',
    ]);
  });
});
