import assert from 'node:assert/strict';
import { Problem } from '../../../src/base/problem.ts';
import { parseAuthkeys, refuseWeakKey } from '../../../src/linux-ha/authkeys.ts';
import { ldirectordFilesIn, parseHaresources, writeResource } from '../../../src/linux-ha/haresources.ts';
import { parseLdirectordCf } from '../../../src/linux-ha/ldirectord-cf.ts';
import { parseMusterYml } from '../../../src/linux-ha/muster-yml.ts';
import { parseQuorumdConf } from '../../../src/linux-ha/quorumd-conf.ts';
import { agentPackages } from '../../../src/linux-ha/resources-context.ts';
import { agentOf, ocfParameters } from '../../../src/model/agent.ts';
import { agentsOf } from '../../../src/model/resource-group.ts';

function mistakesOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.mistakes.map(({ at, message }) => `${at.line}:${at.column} ${message}`);
  }
  return [];
}

describe('authkeys', () => {
  it('reads several keys, of which one signs; a "#" may be in a secret', () => {
    assert.deepEqual(parseAuthkeys('# keys\n\nauth 2\r\n1 crc\r\n2 sha1 HI!#there\n3 sha256 abc'), {
      active: 2,
      keys: [
        { id: 1, method: 'crc', secret: '' },
        { id: 2, method: 'sha1', secret: 'HI!#there' },
        { id: 3, method: 'sha256', secret: 'abc' },
      ],
    });
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['1 sha1 topsecret', '1:1 Cannot sign messages as "auth N" must say which key does it: there is no such line'],
    ['auth 2\n1 sha1 topsecret', '1:6 Cannot sign with key 2 as a line must define it: none does'],
    ['auth one\n1 sha1 topsecret', '1:6 Cannot read "auth" as the number of a key must follow: none does'],
    ['auth 1\n1 topsecret', '2:3 Cannot read key 1 as its method must be one of crc, md5, sha1, sha256: it is not'],
    [
      'auth 1\ntopsecret sha1',
      '2:1 Cannot read this line as "auth N" or "N METHOD SECRET": it begins with something else',
    ],
    ['auth 1\n1 sha1', '2:1 Cannot read key 1 as sha1 needs a secret: there is none'],
    [
      'auth 1\n1 sha1 topsecret topsecret',
      '2:18 Cannot read key 1 as nothing may follow its secret: there is another word',
    ],
    [
      'auth 1\n1 sha1 topsecret\n1 md5 topsecret',
      '3:1 Cannot read key 1 as each number may be there once: it is there twice',
    ],
    ['auth 1\n256 sha1 topsecret', '2:1 Cannot read key 256 as the numbers of keys go up to 255: it is higher'],
    [
      'auth 70000\n1 sha1 topsecret',
      '1:6 Cannot sign with key 70000 as the numbers of keys go up to 255: it is higher',
    ],
    ['auth 1\nauth 1\n1 crc', '2:1 Cannot read "auth" as it must be there once: a line before has it too'],
  ];
  for (const [text, message] of wrong) {
    it(`refuses ${JSON.stringify(text)} without a word of the secret`, () => {
      const seen = mistakesOf(() => parseAuthkeys(text));
      assert.deepEqual(seen, [message]);
      assert.ok(!seen.join().includes('topsecret'));
    });
  }

  for (const [method, why] of [
    ['md5 topsecret', 'md5 has been broken for long'],
    ['crc', 'crc finds damage and proves nothing'],
  ] as const) {
    it(`is no proof where ${method.split(' ')[0]} signs`, () => {
      const text = `# keys\nauth 2\n1 sha1 topsecret\n 2\t${method}\n`;
      const seen = mistakesOf(() => refuseWeakKey(parseAuthkeys(text), text));
      assert.deepEqual(seen, [`4:4 Cannot sign with key 2 as a secret must prove who speaks: ${why}`]);
    });
  }
});

describe('haresources', () => {
  it('reads addresses in all the forms that people have', () => {
    const text = [
      'node1 10.0.0.1',
      'node1 10.0.0.2/24 IPaddr::10.0.0.3/255.255.0.0/eth0:1/10.0.255.255',
      'node2 IPaddr2::10.0.0.4/24/eth0/10.0.0.255 10.0.0.5//8/eth0:10  # trailing',
      'node1 10.0.0.7/28/10.0.0.15 IPaddr::10.0.0.8//eth0.100:1/10.0.0.255',
      'node2 fd77::1 IPv6addr::FD77:0::2/64/eth1 \\',
      '   10.0.0.6//eth0 apache',
    ].join('\n');
    const groups = parseHaresources(text);
    const address = (ip: string, prefix?: number, device?: string): object => ({
      kind: 'address',
      address: ip,
      prefix,
      interface: device,
    });
    assert.deepEqual(
      groups.map(({ name, preferred, resources }) => ({ name, preferred, resources })),
      [
        { name: '10.0.0.1', preferred: 'node1', resources: [address('10.0.0.1')] },
        { name: '10.0.0.2', preferred: 'node1', resources: [address('10.0.0.2', 24), address('10.0.0.3', 16, 'eth0')] },
        {
          name: '10.0.0.4',
          preferred: 'node2',
          resources: [address('10.0.0.4', 24, 'eth0'), address('10.0.0.5', 8, 'eth0')],
        },
        {
          name: '10.0.0.7',
          preferred: 'node1',
          resources: [address('10.0.0.7', 28), address('10.0.0.8', undefined, 'eth0.100')],
        },
        {
          name: 'fd77::1',
          preferred: 'node2',
          resources: [
            address('fd77::1'),
            address('fd77::2', 64, 'eth1'),
            address('10.0.0.6', undefined, 'eth0'),
            { kind: 'agent', agent: 'apache', args: [] },
          ],
        },
      ],
    );
  });

  it('reads agents with arguments, and names a group without an address by its first agent', () => {
    const [group] = parseHaresources(
      'just.one.node Filesystem::/dev/sdb1::/data1::ext3::rw,noatime MailTo::a@b.c::Subject',
    );
    assert.equal(group?.name, 'Filesystem::/dev/sdb1::/data1::ext3::rw,noatime');
    assert.deepEqual(group?.resources.map(writeResource), [
      'Filesystem::/dev/sdb1::/data1::ext3::rw,noatime',
      'MailTo::a@b.c::Subject',
    ]);
  });

  it('joins continued lines as heartbeat does, within a word too, and ends words at comments', () => {
    const text =
      'node1 10.0.0.1 Filesystem::/dev/sdb1::/srv::ext4::rw,\\\nnoatime apache # one\\\n\r\nNODE2 10.0.0.2#glued\n  node1 \\\n\n\t \nnode1 \\\n MailTo::a@b.c\\\n';
    const groups = parseHaresources(text.replace('  node1 \\\n\n', ''), 'haresources', ['node1', 'node2']);
    assert.deepEqual(
      groups.map(({ preferred, resources, at }) => [preferred, at.line, resources.map(writeResource).join(' ')]),
      [
        ['node1', 1, 'IPaddr2::10.0.0.1 Filesystem::/dev/sdb1::/srv::ext4::rw,noatime apache'],
        ['node2', 4, 'IPaddr2::10.0.0.2'],
        ['node1', 6, 'MailTo::a@b.c'],
      ],
    );
  });

  it('reads init scripts, systemd units, and OCF agents with parameters, IPv6 addresses in them too', () => {
    const [group] = parseHaresources(
      'n1 nginx.service systemd:mnt.mount lsb:postfix::x ocf:heartbeat:Route::destination=fd77::/64::device=eth0 ocf:heartbeat:IPsrcaddr::ipaddress=10.0.0.9',
    );
    const agents = group!.resources.map((resource) => (resource.kind === 'agent' ? agentOf(resource) : resource));
    assert.deepEqual(agents, [
      { kind: 'systemd', unit: 'nginx.service' },
      { kind: 'systemd', unit: 'mnt.mount' },
      { kind: 'lsb', script: 'postfix', args: ['x'] },
      { kind: 'ocf', provider: 'heartbeat', type: 'Route', parameters: { destination: 'fd77::/64', device: 'eth0' } },
      { kind: 'named', name: 'IPsrcaddr', args: ['10.0.0.9'] },
    ]);
  });

  it('takes an address for an address also where an OCF agent is named: it must lie behind the gate', () => {
    const [group] = parseHaresources(
      'n1 ocf:heartbeat:IPaddr2::ip=10.0.0.1::cidr_netmask=24::nic=eth0 ocf:heartbeat:IPv6addr::ipv6addr=fd77::1',
    );
    assert.deepEqual(group!.resources.map(writeResource), ['IPaddr2::10.0.0.1/24/eth0', 'IPv6addr::fd77::1']);
  });

  it('takes ldirectord for the one that musterd is, whatever names it', () => {
    const [group] = parseHaresources(
      'n1 ldirectord ldirectord::a.cf ocf:heartbeat:ldirectord::configfile=/etc/ha.d/b.cf::ldirectord=/usr/sbin/ldirectord ocf:heartbeat:ldirectord lsb:ldirectord heartbeat:ldirectord::c.cf systemd:ldirectord ldirectord.service',
    );
    const written = ['', '::a.cf', '::/etc/ha.d/b.cf', '', '', '::c.cf', '', ''].map((file) => `ldirectord${file}`);
    assert.deepEqual(group!.resources.map(writeResource), written);
    assert.deepEqual(agentsOf(group!), []);
    const text =
      'n1 ocf:heartbeat:ldirectord::configfile=b.cf # ldirectord::no.cf\nn2 apache::x.conf ldirectord::a.cf\n';
    assert.deepEqual(ldirectordFilesIn(text), ['b.cf', 'a.cf']);
  });

  it("gives OCF agents of the same name what heartbeat's own scripts would", () => {
    const given: readonly (readonly [string, readonly string[], object | undefined])[] = [
      ['Filesystem', ['/dev/sdb1', '/srv', '', 'rw'], { device: '/dev/sdb1', directory: '/srv', options: 'rw' }],
      ['AudibleAlarm', ['a', 'b'], { nodelist: 'a b' }],
      ['Delay', ['3'], { mondelay: '0', startdelay: '3' }],
      ['Dummy', [], {}],
      ['Dummy', ['x'], undefined],
    ];
    for (const [name, args, parameters] of given) assert.deepEqual(ocfParameters(name, args), parameters);
  });

  it('names the packages that the agents of a group need', () => {
    const needs = (line: string): string[] => agentPackages(parseHaresources(`n1 ${line}`));
    assert.deepEqual(needs('10.0.0.1 shop.service lsb:postfix ocf:shop:Filesystem'), []);
    assert.deepEqual(needs('ocf:heartbeat:Dummy Delay::1'), ['resource-agents']);
    assert.deepEqual(needs('apache ocf:heartbeat:Dummy'), ['resource-agents', 'wget']);
    assert.deepEqual(needs('10.0.0.1 IPsrcaddr::10.0.0.1 ldirectord'), []);
    assert.deepEqual(needs('MailTo::a@b.c LVM::vg'), ['bsd-mailx', 'lvm2', 'resource-agents']);
    const mount = ['kmod', 'psmisc', 'resource-agents'];
    assert.deepEqual(needs('Filesystem::/dev/sdb1::/srv ocf:heartbeat:Filesystem::device=/dev/sdc1'), mount);
  });

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['node1', ['1:1 Cannot read the group of "node1" as a resource must follow the node: none does']],
    ['other 10.0.0.1', ['1:1 Cannot prefer node "other" as ha.cf must name it: it does not (known: node1, node2)']],
    [
      'node1 IPaddr2::10.0.0.400/24',
      [
        '1:7 Cannot read resource "IPaddr2::10.0.0.400/24" as an address like 10.0.0.1/24/eth0 must follow: it is not so',
      ],
    ],
    [
      'node1 10.0.0.1\nnode2 apache 10.0.0.1/24',
      ['2:1 Cannot add 10.0.0.1 to a second group as it belongs to one: line 1 has it too'],
    ],
    [
      'node1 10.0.0.1 10.0.0.2\nnode2 10.0.0.3 10.0.0.2',
      ['2:1 Cannot add 10.0.0.2 to a second group as it belongs to one: line 1 has it too'],
    ],
    [
      'node1 IPaddr::10.0.0.1/255.0.255.0/eth0',
      [
        '1:7 Cannot read resource "IPaddr::10.0.0.1/255.0.255.0/eth0" as an address like 10.0.0.1/24/eth0 must follow: it is not so',
      ],
    ],
    [
      'node1 10.0.0.1/33',
      ['1:7 Cannot read resource "10.0.0.1/33" as it must be an address or AGENT::ARGUMENT: it is not so'],
    ],
    [
      'node1 10.0.0.1 Filesystem::/dev/sdb1 \\\n  portblock::tcp::80::closed Delay::soon',
      [
        '1:16 Cannot read resource "Filesystem::/dev/sdb1" as it must read Filesystem::DEVICE::DIRECTORY[::TYPE[::OPTIONS]]: it is not so',
        '2:3 Cannot read resource "portblock::tcp::80::closed" as it must read portblock::{tcp|udp}::PORT[,PORT...]::{block|unblock}: it is not so',
        '2:30 Cannot read resource "Delay::soon" as it must read Delay::[START-SECONDS[::STOP-SECONDS]]: it is not so',
      ],
    ],
    [
      'node1 ocf:heartbeat:Dummy::/run/x nginx.service::fast ocf:Dummy',
      [
        '1:7 Cannot read resource "ocf:heartbeat:Dummy::/run/x" as ocf:heartbeat:Dummy::NAME=VALUE... must follow: it is not so',
        '1:35 Cannot read resource "nginx.service::fast" as a systemd unit takes no arguments: it is not so',
        '1:55 Cannot read resource "ocf:Dummy" as it must be an address or AGENT::ARGUMENT: it is not so',
      ],
    ],
    [
      'node1 IPsrcaddr::fd77::9 ocf:heartbeat:IPsrcaddr::ipaddress=10.0.0.9::table=5 ocf:heartbeat:IPsrcaddr',
      [
        '1:7 Cannot read resource "IPsrcaddr::fd77::9" as it must read IPsrcaddr::IPV4-ADDRESS: it is not so',
        '1:26 Cannot read resource "ocf:heartbeat:IPsrcaddr::ipaddress=10.0.0.9::table=5" as musterd sets source addresses itself, and knows no parameter "table": it is not so',
        '1:79 Cannot read resource "ocf:heartbeat:IPsrcaddr" as it must read IPsrcaddr::IPV4-ADDRESS: it is not so',
      ],
    ],
    [
      'node1 ocf:heartbeat:ldirectord::monitor=1 lsb:ldirectord::a.cf::b.cf',
      [
        '1:7 Cannot read resource "ocf:heartbeat:ldirectord::monitor=1" as musterd is ldirectord itself, and knows no parameter "monitor": it is not so',
        '1:43 Cannot read resource "lsb:ldirectord::a.cf::b.cf" as it must read ldirectord::[CONFIGURATION-FILE]: it is not so',
      ],
    ],
    [
      'node1 ocf:heartbeat:IPaddr2::ip=10.0.0.1::clusterip_hash=sourceip',
      [
        '1:7 Cannot read resource "ocf:heartbeat:IPaddr2::ip=10.0.0.1::clusterip_hash=sourceip" as musterd moves addresses itself, and knows no parameter "clusterip_hash": it is not so',
      ],
    ],
  ];
  for (const [text, mistakes] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.deepEqual(
        mistakesOf(() => parseHaresources(text, 'haresources', ['node1', 'node2'])),
        mistakes,
      );
    });
  }
});

describe('ldirectord.cf', () => {
  it("reads the manual's kinds of line", () => {
    const text = `
# Global Directives
checktimeout=3
checkinterval=1
fallback=127.0.0.1:80
autoreload=yes
logfile="/var/log/ldirectord.log"
quiescent=no
emailalert="admin@x.y.z"

# A sample virtual with a fallback that will override the global setting
virtual=192.168.6.240:80
	real=192.168.6.2->192.168.6.4:80 gate
        real=192.168.6.6:8080 masq 5 "index.html", "Test Page"
	fallback=127.0.0.1:80 gate
	service=http
	request="index.html"
	receive="Test \\"Page\\""
	virtualhost=some.domain.com.au
	scheduler=rr
	persistent=600
	netmask=255.255.255.255
	protocol=tcp
	checktype=negotiate
	checkport=8000
virtual=[fd77::100]:53
	real=[fd77::1]:53 ipip 2
	checktype=connect
	failurecount=3
virtual=7
	real=192.168.6.2 gate
`;
    const { services, notes } = parseLdirectordCf(text);
    assert.equal(services.length, 2);
    const [web, dns] = services;
    assert.deepEqual(
      web!.realServers.map(({ address, port, forwarding, weight }) => [address, port, forwarding, weight]),
      [
        ['192.168.6.2', 80, 'gate', 1],
        ['192.168.6.3', 80, 'gate', 1],
        ['192.168.6.4', 80, 'gate', 1],
        ['192.168.6.6', 8080, 'masq', 5],
      ],
    );
    assert.deepEqual(web!.check, {
      type: 'negotiate',
      service: 'http',
      request: 'index.html',
      receive: 'Test \\"Page\\"',
      port: 8000,
      virtualHost: 'some.domain.com.au',
      command: undefined,
      interval: 1000,
      timeout: 3000,
      rise: 1,
      fall: 1,
    });
    assert.deepEqual(
      [web!.scheduler, web!.persistent, web!.quiescent, web!.name],
      ['rr', 600, false, '192.168.6.240:80/tcp'],
    );
    assert.deepEqual(web!.fallback, { address: '127.0.0.1', port: 80, forwarding: 'gate', weight: 1 });
    assert.deepEqual([dns!.protocol, dns!.scheduler, dns!.check.type, dns!.check.fall], ['udp', 'wrr', 'connect', 3]);
    assert.deepEqual(dns!.realServers, [{ address: 'fd77::1', port: 53, forwarding: 'ipip', weight: 2 }]);
    assert.deepEqual(
      notes.map((note) => /^ldirectord\.cf:(\d+) /.exec(note)?.[1]),
      ['9', '22', '14', '30'],
    );
  });

  it('has the defaults of its manual', () => {
    const [service] = parseLdirectordCf('virtual=10.0.0.1:443\n\treal=10.0.0.2:443 gate').services;
    assert.deepEqual(
      [
        service!.quiescent,
        service!.scheduler,
        service!.protocol,
        service!.check.service,
        service!.check.interval,
        service!.check.timeout,
      ],
      [true, 'wrr', 'tcp', 'https', 10_000, 30_000],
    );
  });

  it('direct routing and tunnels keep the port of the virtual service', () => {
    const [service] = parseLdirectordCf(
      'virtual=10.0.0.1:80\n\treal=10.0.0.2:8080 gate\n\treal=10.0.0.3:8080 masq',
    ).services;
    assert.deepEqual(
      service!.realServers.map(({ port }) => port),
      [80, 8080],
    );
  });

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    [
      'virtual=10.0.0.1:80\n\tschedular=rr',
      ['2:2 Cannot read "schedular" as a directive of ldirectord.cf here: it is not known'],
    ],
    [
      'virtual=10.0.0.1:80\nreal=10.0.0.2:80 gate',
      ['2:1 Cannot read "real" as a directive of ldirectord.cf here: it stands outside of a virtual service'],
    ],
    ['\treal=10.0.0.2:80 gate', ['1:2 Cannot read "real" as a "virtual=" line must come before: there is none']],
    [
      'virtual=10.0.0.1:80\n\treal=10.0.0.2:80',
      ['2:7 Cannot read real server "10.0.0.2:80" as gate, masq or ipip must follow: nothing does'],
    ],
    [
      'virtual=10.0.0.1:80\n\treal=rs1:80 gate',
      ['2:7 Cannot read real "rs1:80" as an address with a port (10.0.0.1:80): it is none'],
    ],
    [
      'virtual=10.0.0.1:80\n\tscheduler = fast',
      [
        '2:14 Cannot read scheduler as one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos: "fast"',
      ],
    ],
    [
      'virtual=10.0.0.1',
      ['1:9 Cannot read virtual "10.0.0.1" as an address with a port (10.0.0.1:80): it has no port'],
    ],
    [
      'virtual=10.0.0.1:80\nvirtual=10.0.0.1:80',
      ['2:9 Cannot add virtual "10.0.0.1:80" as each is there once: it is there twice'],
    ],
    ['checkinterval=0\nvirtual=10.0.0.1:80', ['1:15 Cannot read checkinterval as a whole number from 1 to 86400: "0"']],
    ['what is this', ['1:1 Cannot read this line as "key = value": "what is this"']],
  ];
  for (const [text, mistakes] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.deepEqual(
        mistakesOf(() => parseLdirectordCf(text)),
        mistakes,
      ));
  }
});

describe('quorumd.conf', () => {
  it('reads several clusters with the defaults of quorumd', () => {
    const { clusters } = parseQuorumdConf('cluster a\n\tinterval 500 # ms\n\tnodenum 3\ncluster b');
    assert.deepEqual(
      clusters.map(({ name, interval, nodeCount, timeout }) => [name, interval, nodeCount, timeout]),
      [
        ['a', 500, 3, 5000],
        ['b', 1000, 2, 5000],
      ],
    );
  });
  it('reads who asks, who votes and where the certificates are', () => {
    const text = 'cluster a\nnode n1 n2\nnode n3\narbiter v1\nnodenum 3\ncertificates /srv/a\nport 6000\ncluster b\n';
    const [first, second] = parseQuorumdConf(text).clusters;
    assert.deepEqual(first?.nodes, ['n1', 'n2', 'n3']);
    assert.deepEqual([first?.arbiters, first?.certificates, first?.port], [['v1'], '/srv/a', 6000]);
    assert.deepEqual([second?.nodes, second?.certificates, second?.port], [[], '/etc/ha.d/arbiter/b', 5561]);
  });
  it('refuses names that are no directory, nodes named twice and a number of nodes that is another', () => {
    assert.deepEqual(
      mistakesOf(() => parseQuorumdConf('cluster ../up\ncluster b\nnode n1 n1 n2\nnodenum 3\ncertificates here\n')),
      [
        '1:9 Cannot add cluster "../up" as its name must be one word of at most 64 bytes without "/"',
        '3:9 Cannot add node "n1" as each is named once: it is there twice',
        '4:9 Cannot take nodenum 3 as there must be as many nodes: 2 are',
        '5:14 Cannot read certificates as an absolute path: "here"',
      ],
    );
  });
  it('refuses what it does not know, with its place', () => {
    assert.deepEqual(
      mistakesOf(() => parseQuorumdConf('interval 5\ncluster a\nintervall 5\ntimeout soon\nweight')),
      [
        '1:1 Cannot read "interval" as a "cluster NAME" line must come first: there is none',
        '3:1 Cannot read "intervall" as a key of quorumd.conf: it is not known',
        '4:9 Cannot read timeout as whole milliseconds, or as 500ms or 2s, of a day at most: "soon"',
        '5:1 Cannot read "weight" as exactly one value must follow: there is none',
      ],
    );
  });
});

describe('muster.yml', () => {
  it('may be empty', () => assert.equal(parseMusterYml('# nothing\n').lease, undefined));
  it('refuses what it does not know, with its place', () => {
    const text =
      'leese: 1s\nlease: 200\nno_quorum: panic\narbiters:\n  - { name: a, address: there }\ngroups: { web: { adress: 10.0.0.1 } }\n';
    assert.deepEqual(
      mistakesOf(() => parseMusterYml(text)),
      [
        '1:1 Cannot read "leese" as a key of the file: it is not known',
        '2:8 Cannot read "lease" as a duration with its unit, like 200ms: 200',
        '3:12 Cannot read "no_quorum" as stop or freeze: "panic"',
        '5:25 Cannot read "address" as an address: "there"',
        '6:16 Cannot read "agent" as a text: nothing',
        '6:18 Cannot read "adress" as a key of "groups.web": it is not known',
      ],
    );
  });
});
