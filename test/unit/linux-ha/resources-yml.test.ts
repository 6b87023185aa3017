import assert from 'node:assert/strict';
import { Problem, showMistake } from '../../../src/base/problem.ts';
import { parseConfiguration } from '../../../src/linux-ha/cluster.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { defaultResourceSettings } from '../../../src/model/resource-settings.ts';
import { groupSetups, runnableResources } from '../../../src/supervisor/resources/runnable.ts';

const files = {
  'ha.cf': 'node n1 n2 n3\nucast eth0 10.0.0.1\n',
  authkeys: 'auth 1\n1 sha256 secret\n',
  haresources:
    'n1 10.0.0.100 Filesystem::/dev/sdb1::/a Filesystem::/dev/sdc1::/b nginx.service ldirectord::www.cf\nn2 MailTo::a/b@c::x\n',
};

function clusterOf(text: string): Cluster {
  const named = 'groups: { shop: { address: 10.0.0.100 } }\n';
  return parseConfiguration({ ...files, 'muster.yml': `${named}${text}` }).cluster;
}

function mistakesOf(text: string): string[] {
  try {
    clusterOf(text);
  } catch (error) {
    if (error instanceof Problem) return error.mistakes.map(showMistake);
    throw error;
  }
  return [];
}

describe('resources in muster.yml', () => {
  it('say how agents are run, each by its name, a second of a kind by its number', () => {
    const cluster = clusterOf(`resources:
  defaults: { monitor: 5s, start_timeout: 90s }
  groups:
    shop:
      needs: fencing
      agents:
        Filesystem-2: { stop_timeout: 2m, on_fail: fence, monitor: off, migration_threshold: 1, parameters: { run_fsck: no, x: 1 } }
        nginx.service: { monitor_timeout: 10s, failure_timeout: 1h, start_timeout: 1s }
`);
    const usual = { ...defaultResourceSettings, monitorInterval: 5000, startTimeout: 90_000 };
    const runnable = runnableResources(cluster);
    assert.deepEqual(
      runnable
        .get('shop')!
        .map(({ name, instance, settings, parameters }) => ({ name, instance, settings, parameters })),
      [
        { name: 'Filesystem', instance: 'shop.Filesystem', settings: usual, parameters: {} },
        {
          name: 'Filesystem-2',
          instance: 'shop.Filesystem-2',
          settings: { ...usual, stopTimeout: 120_000, onFail: 'fence', monitorInterval: 0, migrationThreshold: 1 },
          parameters: { run_fsck: 'no', x: '1' },
        },
        {
          name: 'nginx.service',
          instance: 'shop.nginx.service',
          settings: { ...usual, monitorTimeout: 10_000, failureTimeout: 3_600_000, startTimeout: 1000 },
          parameters: {},
        },
      ],
    );
    assert.deepEqual(
      groupSetups(cluster, runnable).map(({ name, needsFencing, resources }) => [name, needsFencing, resources.length]),
      [
        ['shop', true, 3],
        ['MailTo::a/b@c::x', false, 1],
      ],
    );
  });

  it('have instances that can be names of files, and differ', () => {
    const [mail] = runnableResources(clusterOf('')).get('MailTo::a/b@c::x')!;
    assert.match(mail!.instance, /^MailTo__a_b_c__x\.MailTo-[0-9a-f]{8}$/);
  });

  const wrong: readonly (readonly [string, string])[] = [
    [
      'resources: { default: {} }',
      '2:14 Cannot read "default" as a key of "resources": it is not known\n  hint: did you mean "defaults"?',
    ],
    [
      'resources: { defaults: { monitor: 5 } }',
      '2:35 Cannot read "monitor" as a duration with its unit, like 200ms: 5',
    ],
    ['resources: { defaults: { stop_timeout: 30h } }', '2:40 Cannot read "stop_timeout" as a day at most: "30h"'],
    [
      'resources: { defaults: { on_fail: reboot } }',
      '2:35 Cannot read "on_fail" as one of restart, migrate, fence, ignore: "reboot"',
    ],
    ['resources: { groups: { shop: { needs: stonith } } }', '2:39 Cannot read "needs" as fencing: "stonith"'],
    [
      'resources: { groups: { shp: {} } }',
      '2:24 Cannot set how "shp" is run as it must be a group of the cluster: it is not (known: shop, MailTo::a/b@c::x)\n  hint: did you mean "shop"?',
    ],
    [
      'resources: { groups: { shop: { agents: { Filesystem-3: {} } } } }',
      '2:42 Cannot set how "Filesystem-3" is run as it must be an agent of "shop": it is not (known: Filesystem, Filesystem-2, nginx.service, ldirectord)\n  hint: did you mean "Filesystem-2"?',
    ],
    [
      'resources: { groups: { shop: { agents: { 10.0.0.100: {} } } } }',
      '2:42 Cannot set how "10.0.0.100" is run as it must be an agent of "shop": it is not (known: Filesystem, Filesystem-2, nginx.service, ldirectord)',
    ],
    [
      'resources: { groups: { shop: { agents: { nginx.service: { parameters: { a: b } } } } } }',
      '2:59 Cannot give "nginx.service" parameters as it must be an OCF agent: it is nginx.service',
    ],
    [
      'resources: { groups: { shop: { agents: { ldirectord: { parameters: { a: b } } } } } }',
      '2:56 Cannot give "ldirectord" parameters as it must be an OCF agent: it is musterd\'s own',
    ],
    [
      'resources: { groups: { shop: { agents: { Filesystem: { parameters: { a: [b] } } } } } }',
      '2:73 Cannot read "a" as a text: ["b"]',
    ],
  ];
  for (const [text, mistake] of wrong) {
    it(`refuse ${JSON.stringify(text)}`, () => {
      assert.deepEqual(mistakesOf(text), [`muster.yml:${mistake}`]);
    });
  }
});
