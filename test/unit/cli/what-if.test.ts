import assert from 'node:assert/strict';
import { jsonOf, namesToKill, readPartition, summary } from '../../../src/cli/what-if.ts';
import { rowsOf, showRows } from '../../../src/cli/what-if-table.ts';
import { pairFailures, playAll, singleFailures } from '../../../src/core/failures.ts';
import { loadInventory } from '../../../src/inventory/load.ts';

describe('the table of what-if', () => {
  it('folds what ends the same, and says each warning once', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const rows = rowsOf(playAll(cluster, [...singleFailures(cluster), ...pairFailures(cluster)]));
    const lines = showRows(['web'], rows).map((line) => line.replace(/in [\d.]+ m?s/, 'in T').replace(/ {2,}/g, '  '));
    assert.deepEqual(lines, [
      'when  votes that hear each other  web',
      'node1 dead or cut off  2 of 3, none to spare  -> node2 in T',
      'node[2-3] dead or cut off  2 of 3, none to spare  node1',
      'any two of node[1-3] dead or cut off  1 of 3, NO QUORUM  NOBODY  [1]',
      'node1 and one of node[2-3] cut off together  2 of 3, none to spare  node1',
      'node2 and node3 cut off together  2 of 3, none to spare  -> node2 in T',
      '',
      '[1] nobody holds every group: at most 1 of 3 voters hear each other, 2 needed',
    ]);
  });

  it('reads sides, lists and single names as cuts', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const cuts = (text: string): string[] =>
      readPartition(cluster, text)
        .cuts.map((pair) => [...pair].sort().join('-'))
        .sort();
    assert.deepEqual(cuts('node1|node[2-3]'), ['node1-node2', 'node1-node3']);
    assert.deepEqual(cuts('node1,node2'), ['node1-node2']);
    assert.deepEqual([...new Set(cuts('node2'))], ['node1-node2', 'node2-node3']);
    assert.throws(() => readPartition(cluster, 'node1|node9'), /"node9" is not \(known: node\[1-3\]\)/);
    assert.throws(() => readPartition(cluster, 'node1|node1'), /each voter once/);
    assert.throws(() => readPartition(cluster, 'node1|'), /each side must name voters/);
    assert.throws(() => readPartition(cluster, 'node1|node[2-'), /its ranges must read/);
  });

  it('kills who is named, and refuses a text that names nobody', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    assert.deepEqual(namesToKill(cluster, 'node1,node[2-3]'), ['node1', 'node2', 'node3']);
    for (const text of ['', ','])
      assert.throws(() => namesToKill(cluster, text), /Cannot kill ".?" as .*: it names none/);
  });
});

describe('the summary of what-if', () => {
  it('counts cases without a holder, cases for fencing, and names the longest failover', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const rows = rowsOf(playAll(cluster, [...singleFailures(cluster), ...pairFailures(cluster)]));
    assert.match(
      summary(rows),
      /^A group has no holder in 6 of 15 cases; two could .* in no case; the longest failover takes \d+ ms\.$/,
    );
    const warned = rows.map((row) => ({
      ...row,
      outcome: { ...row.outcome, warnings: ['two could run db without fencing'] },
    }));
    assert.match(summary(warned), /without fencing in 15 of 15 cases/);
    const [row] = rows;
    assert.match(summary([{ ...row!, when: 'asked for', failures: [] }, ...warned]), /in 15 of 16 cases/);
  });

  it('names each failure of a row for scripts', async () => {
    const cluster = (await loadInventory('inventory/lab.yml')).cluster!;
    const cases = rowsOf(playAll(cluster, [...singleFailures(cluster), ...pairFailures(cluster)])).map(jsonOf);
    const found = cases.flatMap((one) => (one as { failures: { names: string[]; manner: string }[] }).failures);
    assert.equal(found.length, 15);
    assert.deepEqual(
      found.filter(({ names }) => names.join() === 'node1,node3').map(({ manner }) => manner),
      ['dead', 'cut off', 'cut off together'],
    );
  });
});
