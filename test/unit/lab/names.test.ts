import { strict as assert } from 'node:assert';
import type { Problem } from '../../../src/base/problem.ts';
import { labHosts, labNameOf, labPaths, maxNodes, nodePaths, resolveLabName } from '../../../src/lab/names.ts';

describe('lab names', () => {
  it('tells two clones of the same folder name apart, and gives one clone one name', () => {
    const [one, two] = [labNameOf('/home/a/muster'), labNameOf('/home/b/muster')];
    assert.match(one, /^muster-[0-9a-f]{6}$/);
    assert.notEqual(one, two);
    assert.equal(one, labNameOf('/home/a/muster'));
  });

  it('makes a valid name of any path', () => {
    for (const path of ['/', '/ä ö', '/A_B.c', `/${'x'.repeat(200)}`, '/--', '/tmp/-a-']) {
      const name = labNameOf(path);
      assert.equal(resolveLabName(name), name);
    }
  });

  it('refuses names that could leave the folder or break a path', () => {
    for (const name of ['', '..', 'a/b', 'A', '-a', 'a-', 'a b', 'x'.repeat(41)]) {
      assert.throws(
        () => resolveLabName(name),
        (error: Problem) => error.reason === 'usage',
        name,
      );
    }
  });

  it('keeps every socket within the 107 bytes that a Unix socket path may have', () => {
    const paths = labPaths('x'.repeat(40));
    assert.ok(nodePaths(paths, `node${maxNodes}`).sshSocket.length <= 107);
  });

  it('gives each node its own addresses, below those that are kept for virtual ones', () => {
    const hosts = labHosts(maxNodes);
    for (const key of ['name', 'address', 'address6', 'mac'] as const) {
      assert.equal(new Set(hosts.map((host) => host[key])).size, maxNodes);
    }
    assert.deepEqual(hosts[0], {
      name: 'node1',
      address: '10.77.0.11',
      address6: 'fd77::11',
      mac: '02:00:0a:4d:00:0b',
    });
    assert.ok(Number(hosts.at(-1)!.address.split('.')[3]) < 100);
  });
});
