import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expandRange, foldHosts, HostRangeError } from '../../src/base/host-range.ts';
import { Problem } from '../../src/base/problem.ts';
import { checkNative } from '../../src/inventory/check-native.ts';
import { parseInventory } from '../../src/inventory/load.ts';
import { parseAuthkeys } from '../../src/linux-ha/authkeys.ts';
import { parseConfiguration } from '../../src/linux-ha/cluster.ts';
import { parseHaCf } from '../../src/linux-ha/ha-cf.ts';
import { haCfDirectives } from '../../src/linux-ha/ha-cf-directives.ts';
import { parseHaresources } from '../../src/linux-ha/haresources.ts';
import { parseLdirectordCf } from '../../src/linux-ha/ldirectord-cf.ts';
import { parseMusterYml } from '../../src/linux-ha/muster-yml.ts';
import { parseQuorumdConf } from '../../src/linux-ha/quorumd-conf.ts';

/** A parser under fuzz: it may refuse an input with an error that `allowed` knows, and must always end. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs to start from, good ones mostly. */
  readonly seeds: readonly string[];
  /** Words that the format knows, to be sprinkled in. */
  readonly words: readonly string[];
  readonly parse: (text: string) => unknown;
  readonly allowed: (error: unknown) => boolean;
}

const problem = (error: unknown): boolean => error instanceof Problem && error.reason === 'badInput';

const texts = (directory: string): string[] =>
  readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));

const haCf =
  'cluster lab\nnode n1 n2\nnode n3\nkeepalive 50ms\ndeadtime 200ms\nwarntime 100ms\ninitdead 2\nudpport 694\nucast eth0 10.0.0.1\nmcast eth0 239.0.0.1 694 1 0\nbcast eth1 # both\nauto_failback off\nping 10.0.0.254\nping_group g 10.0.0.1 fd77::1\ndeadping 2 s\nucast6 eth0 fe80::1%eth0\nmcast6 eth0 ff12::1 694 1 0\nrespawn nobody /bin/sleep 60\nwatchdog /dev/watchdog\nrealtime off\nrtprio 5\nenv A=b\nuse_logd yes\nstonith_host * baytech 10.0.0.3 a b\n';
const authkeys = '# keys\nauth 2\n1 crc\n2 sha1 HI!\n3 sha256 abcdef\n';
const haresources =
  'n1 IPaddr2::10.0.0.100/24/eth0 apache\nn2 10.0.0.101 Filesystem::/dev/sdb1::/srv::ext4 \\\n  MailTo::a@b.c\nn3 IPv6addr::fd77::1/64/eth0\nn1 portblock::tcp::80,443::block Delay::1::2 ocf:heartbeat:Route::destination=fd77::/64::device=eth0 nginx.service lsb:postfix Filesystem::-LW::/w::ext4::rw,\\\nnoatime\n';
const ldirectord =
  'checktimeout=3\ncheckinterval=1\nfallback=127.0.0.1:80\nquiescent=no\nvirtual=10.0.0.100:80\n\treal=10.0.0.2->10.0.0.9:80 gate 2\n\treal=10.0.0.3:8080 masq 1 "a", "b"\n\tservice=http\n\trequest="index.html"\n\treceive="r[0-9]"\n\tscheduler=wrr\n\tpersistent=600\n\tprotocol=tcp\n\tchecktype=negotiate\nvirtual=[fd77::1]:53\n\treal=[fd77::2]:53 ipip\nvirtual=7\n\treal=10.0.0.2 gate\n';
const musterYml =
  'profile: fast\nlease: 200ms\ndrift_bound: 0.001\nno_quorum: stop\narbiters:\n  - { name: a, address: 10.0.0.9, port: 5561 }\nnodes:\n  n1: { addresses: ["10.0.0.1"] }\ngroups:\n  web: { address: "10.0.0.100" }\nservices:\n  web: { virtual: "10.0.0.100:80/tcp", interval: 1s, timeout: 500ms, rise: 1 }\nplacement:\n  stickiness: 50\n  failback: in Sat-Sun 02:00-04:00\n  capacity: { n1: { memory: 16 } }\n  groups:\n    web: { prefer: { n1: 100, n2: -5 }, never: [n3], failback: after 10m, uses: { memory: 4 } }\n  rules:\n    - { apart: [web, 10.0.0.101], strict: true }\nresources:\n  defaults: { monitor: 5s, on_fail: migrate }\n  groups:\n    web: { needs: fencing, agents: { apache: { stop_timeout: 2m, migration_threshold: 5, parameters: { options: a b } } } }\nalerts:\n  oncall: { mail: [ops@example.org], events: [node] }\n  pager: { exec: /usr/lib/mon/alert.d/page.alert, args: [x] }\nmonitors:\n  routers:\n    hosts: [10.0.0.1]\n    run_by: web\n    services:\n      ping: { check: ping, alert_after: 3 in 10m, depends: [routers/www] }\n      www: { check: http, receive: ok, alert_every: 1h }\n';

export const targets: readonly FuzzTarget[] = [
  {
    name: 'ha.cf',
    seeds: [haCf],
    words: [...Object.keys(haCfDirectives), '10ms', '0', '-1', '1e9', '65536', '#', '\t'],
    parse: parseHaCf,
    allowed: problem,
  },
  {
    name: 'authkeys',
    seeds: [authkeys],
    words: ['auth', '1', '2', 'md5', 'sha1', 'sha256', 'crc', '#'],
    parse: parseAuthkeys,
    allowed: problem,
  },
  {
    name: 'haresources',
    seeds: [haresources],
    words: [
      '::',
      '/',
      '//',
      '\\\n',
      'IPaddr2',
      'IPv6addr',
      'Filesystem',
      'ocf:heartbeat:',
      'systemd:',
      '.service',
      '\\',
      '10.0.0.1',
      'fd77::1',
      '255.255.255.0',
      '#',
    ],
    parse: (text) => parseHaresources(text),
    allowed: problem,
  },
  {
    name: 'quorumd.conf',
    seeds: [
      'cluster a\nversion 2_0_8\ninterval 1000\ntimeout 5000\ntakeover 3000\ngiveup 2000\nnodenum 3\nweight 300\nnode a b\nnode c\narbiter v\ncertificates /etc/ha.d/arbiter/a\nport 5561\n',
    ],
    words: ['cluster', 'interval', 'node', 'certificates', '0', '-1', '#', '99999999999'],
    parse: parseQuorumdConf,
    allowed: problem,
  },
  {
    name: 'ldirectord.cf',
    seeds: [ldirectord],
    words: ['\tvirtual=', '->', '"', "'", '=', 'gate', 'masq', 'ipip', '0', '65536', '[fd77::1]:80', '\n\t', '#'],
    parse: parseLdirectordCf,
    allowed: problem,
  },
  {
    name: 'muster.yml',
    seeds: [musterYml],
    words: [
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '&a ',
      '*a',
      '!!int ',
      '<<: ',
      '|\n',
      '%YAML',
      '---\n',
      '...\n',
      '"',
      'null',
    ],
    parse: parseMusterYml,
    allowed: problem,
  },
  {
    name: 'configuration',
    seeds: [[haCf, authkeys, haresources, ldirectord, musterYml].join('\0')],
    words: ['\0', 'node n1\n', '10.0.0.100', 'web', '10ms'],
    parse: (text) => {
      const names = ['ha.cf', 'authkeys', 'haresources', 'ldirectord.cf', 'muster.yml'];
      return parseConfiguration(
        Object.fromEntries(text.split('\0').map((part, index) => [names[index] ?? 'more.cf', part])),
      );
    },
    allowed: problem,
  },
  {
    name: 'inventory.yml',
    seeds: [...texts('inventory'), ...texts('test/data/inventory'), ...texts('test/data/inventory-good')],
    words: [
      'hosts:',
      'groups:',
      'cluster:',
      '[1-3]',
      '[1:3]',
      '{',
      '}',
      '- ',
      '&a ',
      '*a',
      '<<: ',
      'null',
      '__proto__: 1',
      '~',
    ],
    parse: (text) => parseInventory(text, 'fuzz.yml', checkNative),
    allowed: problem,
  },
  {
    name: 'inventory.ini',
    seeds: texts('test/data/inventory-good'),
    words: ['[web]', '[web:vars]', '[a:children]', '=', '"', "'", '#', '[1:3]', '[a:z]', ':22', '__proto__=1'],
    parse: (text) => parseInventory(text, 'fuzz.ini', checkNative),
    allowed: problem,
  },
  {
    name: 'host-range',
    seeds: ['node[1-3,5]', 'r[01-10]n[1-9/2].example', '10.0.0.[1-3]'],
    words: ['[', ']', '-', ',', '/', '0', '999999999'],
    parse: (text) => foldHosts(expandRange(text)),
    allowed: (error) => error instanceof HostRangeError,
  },
];
