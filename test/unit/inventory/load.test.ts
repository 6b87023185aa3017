import assert from 'node:assert/strict';
import { checkNative } from '../../../src/inventory/check-native.ts';
import { loadInventory, parseInventory } from '../../../src/inventory/load.ts';
import { inventoryJsonSchema } from '../../../src/inventory/schema.ts';
import type { Host, Inventory } from '../../../src/model/inventory.ts';

function hostOf(inventory: Inventory, name: string): Host {
  return inventory.hosts.find((host) => host.name === name) ?? assert.fail(`no host ${name}`);
}

describe('the shipped inventories', () => {
  it('lab.yml: three nodes that are directors and real servers', async () => {
    const { hosts, groups, cluster } = await loadInventory('inventory/lab.yml');
    assert.deepEqual(
      hosts.map(({ name, connection, ssh }) => [name, connection, ssh.address, ssh.user]),
      [1, 2, 3].map((n) => [`node${n}`, 'lab', `10.77.0.1${n}`, 'root']),
    );
    assert.deepEqual(groups, {
      all: ['node1', 'node2', 'node3'],
      directors: ['node1', 'node2', 'node3'],
      web: ['node1', 'node2', 'node3'],
    });
    assert.equal(cluster?.name, 'lab');
    assert.deepEqual(cluster.timings, { keepalive: 110, deadtime: 300, warntime: 220, initdead: 600, lease: 270 });
    assert.deepEqual(cluster.groups, [
      {
        name: 'web',
        preferred: 'node1',
        resources: [{ kind: 'address', address: '10.77.0.100', prefix: 24, interface: 'eth0' }],
      },
    ]);
    assert.deepEqual(
      cluster.services[0]?.realServers.map(({ address, port, forwarding, weight }) => [
        address,
        port,
        forwarding,
        weight,
      ]),
      [11, 12, 13].map((last) => [`10.77.0.${last}`, 80, 'gate', 1]),
    );
    assert.deepEqual(
      cluster.links.map((link) => link.method),
      ['ucast', 'ucast', 'ucast'],
    );
  });

  it('example.yml: two directors and an arbiter, four real servers, two services', async () => {
    const { cluster } = await loadInventory('inventory/example.yml');
    assert.deepEqual(cluster?.nodes, ['lb1', 'lb2']);
    assert.deepEqual(cluster.arbiters, [{ name: 'vote1', address: '198.51.100.7', port: 5561, roundTrip: 30 }]);
    assert.deepEqual(
      cluster.services.map(({ name, realServers }) => [name, realServers.length]),
      [
        ['shop', 4],
        ['mail', 4],
      ],
    );
    assert.deepEqual(
      cluster.services[0]?.realServers.map(({ weight }) => weight),
      [1, 1, 2, 2],
    );
    assert.deepEqual(cluster.nodeAddresses, { lb1: ['192.0.2.11', '10.9.0.1'], lb2: ['192.0.2.12', '10.9.0.2'] });
    assert.equal(cluster.realServerHosts['192.0.2.24'], 'rs4');
  });
});

describe("Ansible's inventories", () => {
  for (const file of ['ansible.ini', 'hosts']) {
    it(`INI (${file}): hosts, ranges, groups, variables by their precedence`, async () => {
      const inventory = await loadInventory(`test/data/inventory-good/${file}`);
      assert.deepEqual(inventory.groups, {
        all: [
          ...['mail.example.net', 'gate', 'www01.example.net', 'www02.example.net', 'www03.example.net'],
          ...['old-web', 'db-a', 'db-b', 'db-c'],
        ],
        servers: [
          ...['www01.example.net', 'www02.example.net', 'www03.example.net'],
          'old-web',
          'db-a',
          'db-b',
          'db-c',
        ],
        ungrouped: ['mail.example.net', 'gate'],
        db: ['db-a', 'db-b', 'db-c'],
        web: ['www01.example.net', 'www02.example.net', 'www03.example.net', 'old-web'],
      });
      assert.deepEqual(hostOf(inventory, 'gate').ssh, {
        address: '192.0.2.1',
        user: undefined,
        port: 2222,
        identityFile: undefined,
        proxyCommand: undefined,
        proxyJump: undefined,
        persist: undefined,
      });
      const www = hostOf(inventory, 'www02.example.net');
      assert.equal(www.ssh.user, 'deploy', "a host's own variable wins over its groups'");
      assert.deepEqual(www.groups, ['all', 'servers', 'web']);
      assert.deepEqual([www.variables.http_port, www.variables.ntp], [8080, 'ntp.example.net']);
      const old = hostOf(inventory, 'old-web');
      assert.deepEqual(
        [old.variables.http_port, old.variables.greeting, old.variables.debug],
        [80, 'hello world', false],
      );
      assert.equal(old.ssh.port, 2022);
      const db = hostOf(inventory, 'db-c');
      assert.deepEqual(
        [db.ssh.user, db.ssh.identityFile, db.variables.ntp],
        ['admin', '~/.ssh/db', 'pool.example.net'],
      );
      assert.equal(inventory.cluster, undefined);
    });
  }

  it('YAML: hosts, ranges, nested groups, variables, proxy command, lab', async () => {
    const inventory = await loadInventory('test/data/inventory-good/ansible.yml');
    assert.deepEqual(inventory.groups, {
      all: ['gate', 'www1', 'www2', 'www3', 'lab1', 'db1'],
      servers: ['www1', 'www2', 'www3', 'lab1', 'db1'],
      db: ['db1'],
      web: ['www1', 'www2', 'www3', 'lab1'],
    });
    const www = hostOf(inventory, 'www3');
    assert.deepEqual([www.variables.ntp, www.variables.tier, www.ssh.user], ['b', 'front', 'root']);
    assert.equal(www.ssh.proxyCommand, 'ssh -W %h:%p gate');
    assert.equal(hostOf(inventory, 'db1').variables.ntp, 'c');
    assert.equal(hostOf(inventory, 'gate').variables.ntp, 'a');
    assert.deepEqual(
      [hostOf(inventory, 'lab1').connection, hostOf(inventory, 'lab1').ssh.address],
      ['lab', '10.77.0.11'],
    );
  });
});

describe('what an inventory says about connections', () => {
  const sshOf = (text: string, file: string): Host['ssh'] => parseInventory(text, file, checkNative).hosts[0]!.ssh;

  it('is the same in ours and in the arguments of ssh that Ansible passes on', () => {
    const own = (settings: string) => sshOf(`hosts: { web: { ${settings} } }\n`, 'own.yml');
    const ansible = (variables: string) => sshOf(`web ${variables}\n`, 'hosts.ini');
    assert.deepEqual(
      [own('persist: 90s').persist, own('persist: off').persist, own('port: 22').persist],
      [90_000, 'off', undefined],
    );
    assert.equal(own('proxy_jump: "me@gate:2200,inner"').proxyJump, 'me@gate:2200,inner');
    assert.equal(sshOf('defaults: { persist: 2m }\nhosts: { web: {} }\n', 'own.yml').persist, 120_000);
    const both = ansible(
      `ansible_ssh_common_args='-J gate,inner' ansible_ssh_args='-C -o ControlPersist=60s -o ProxyJump=other'`,
    );
    assert.deepEqual([both.persist, both.proxyJump], [60_000, 'other']);
    assert.equal(ansible(`ansible_ssh_common_args='-C -J me@gate:22'`).proxyJump, 'me@gate:22');
    assert.equal(ansible(`ansible_ssh_args='-o ControlPersist=90'`).persist, 90_000);
    assert.equal(ansible(`ansible_ssh_args='-oControlPersist=no'`).persist, 'off');
    assert.deepEqual([ansible('').persist, ansible('').proxyJump], [undefined, undefined]);
  });

  it('is refused where it is no duration', () => {
    assert.throws(() => sshOf('hosts: { web: { persist: 60 } }\n', 'own.yml'), /own\.yml:1:\d+ /);
    assert.throws(() => sshOf('hosts: { web: { persist: soon } }\n', 'own.yml'), /own\.yml:1:\d+ /);
  });
});

describe("Muster's inventories", () => {
  it('give variables of all, then parents, then children, then the host', () => {
    const text = `
vars: { a: all, b: all, c: all, d: all }
hosts: { h1: { vars: { d: host } } }
groups:
  child: { hosts: h1, vars: { c: child, d: child } }
  parent: { children: child, vars: { b: parent, c: parent, d: parent } }
`;
    const { hosts } = parseInventory(text, 'inline.yml', checkNative);
    assert.deepEqual(hosts[0]?.variables, { a: 'all', b: 'parent', c: 'child', d: 'host' });
    assert.deepEqual(hosts[0]?.groups, ['all', 'parent', 'child']);
  });

  it('may be JSON, and a host without anything is reached by its name', () => {
    const { hosts } = parseInventory('{"hosts": {"n[1-2]": null}}', 'inline.json', checkNative);
    assert.deepEqual(
      hosts.map(({ name, ssh }) => [name, ssh.address]),
      [
        ['n1', 'n1'],
        ['n2', 'n2'],
      ],
    );
  });

  it('have a JSON Schema that describes every key', () => {
    const undescribed: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties } = node as { properties?: Record<string, Record<string, unknown>> };
      for (const [key, value] of Object.entries(properties ?? {})) {
        const { description, anyOf } = value as { description?: string; anyOf?: { description?: string }[] };
        const says = description ?? anyOf?.find((part) => part.description)?.description;
        if (says === undefined && key !== '$schema') undescribed.push(`${path}.${key}`);
      }
      for (const [key, value] of Object.entries(node)) visit(value, `${path}.${key}`);
    };
    visit(inventoryJsonSchema(), '');
    assert.deepEqual(undescribed, []);
  });
});
