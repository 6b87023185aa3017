import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  expandBraces,
  hostFromWord,
  parseClusters,
  readClusters,
  serversOf,
  withClusters,
} from '../../../src/inventory/cluster-ssh.ts';
import type { Host, Inventory } from '../../../src/model/inventory.ts';

const bare = (name: string): Host => ({ ...hostFromWord(name), groups: ['all'] });

describe("ClusterSSH's clusters files", () => {
  it('are tags with servers, comments, and lines that go on', () => {
    const tags = parseClusters(
      '# ours\nweb web1 web2 # the pages\n\nall-of-them web \\\n  db{1..2}\r\nweb web3\nempty\n',
    );
    assert.deepEqual(serversOf(tags, 'web'), ['web1', 'web2', 'web3']);
    assert.deepEqual(serversOf(tags, 'all-of-them'), ['web1', 'web2', 'web3', 'db1', 'db2']);
    assert.deepEqual(serversOf(tags, 'empty'), []);
  });

  it('may name tags in circles', () => {
    const tags = parseClusters('a b x\nb c y\nc a z\n');
    assert.deepEqual(serversOf(tags, 'a').toSorted(), ['x', 'y', 'z']);
  });

  it('have ranges in braces', () => {
    assert.deepEqual(expandBraces('web{1..3,7}.eu'), ['web1.eu', 'web2.eu', 'web3.eu', 'web7.eu']);
    assert.deepEqual(expandBraces('{a,b}{08..10}'), ['a08', 'b08', 'a09', 'b09', 'a10', 'b10']);
    assert.deepEqual(expandBraces('x{3..1}'), ['x3..1']);
    assert.equal(expandBraces('x{1..99999999}').length, 1);
  });

  it('say who logs in and where', () => {
    const of = (word: string): unknown[] => {
      const { name, ssh } = hostFromWord(word);
      return [name, ssh.user, ssh.port];
    };
    assert.deepEqual(of('web1'), ['web1', undefined, undefined]);
    assert.deepEqual(of('op@web1:2222=80x24+0+0'), ['web1', 'op', 2222]);
    assert.deepEqual(of('[2001:db8::1]:22'), ['2001:db8::1', undefined, 22]);
    assert.deepEqual(of('2001:db8::1'), ['2001:db8::1', undefined, undefined]);
  });

  it('add groups to an inventory, whose own words keep their meaning', () => {
    const node1 = { ...bare('node1'), groups: ['all', 'web'], ssh: { ...bare('node1').ssh, user: 'root' } };
    const inventory: Inventory = {
      file: 'hosts.yml',
      hosts: [node1],
      groups: { all: ['node1'], web: ['node1'] },
      cluster: undefined,
    };
    const merged = withClusters(inventory, parseClusters('web other\nnode1 x\nmine op@node1 fresh\n'));
    assert.deepEqual(merged.groups, { all: ['node1', 'fresh'], web: ['node1'], mine: ['node1', 'fresh'] });
    assert.equal(merged.hosts[0], node1);
    assert.equal(merged.hosts[1]!.name, 'fresh');
  });

  it('are read where they are there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-clusters-'));
    try {
      const [first, second] = [join(folder, 'first'), join(folder, 'second')];
      writeFileSync(first, 'web a\n');
      writeFileSync(second, 'web b\ndb c\n');
      const tags = await readClusters([first, join(folder, 'none'), second]);
      assert.deepEqual([serversOf(tags, 'web'), serversOf(tags, 'db')], [['a', 'b'], ['c']]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
