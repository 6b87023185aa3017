import assert from 'node:assert/strict';
import { foldHosts } from '../../../../src/base/host-range.ts';
import { type FoldEntry, foldButForNames, foldExactly, inOrder } from '../../../../src/cli/fan-out/fold.ts';
import { withoutOwnName } from '../../../../src/cli/fan-out/own-name.ts';

/** Outputs as they are stand for their digests. */
function entries(outputs: Readonly<Record<string, string>>, failed: readonly string[] = []): FoldEntry[] {
  return Object.entries(outputs).map(([host, digest]) => {
    const bad = failed.includes(host);
    const end = { rc: bad ? 1 : 0, signal: null, timedOut: false, error: undefined, hint: undefined };
    return { digest, record: { host, state: bad ? 'failed' : 'ok', seconds: 0, ...end } as const };
  });
}

async function nameless({ record, digest }: FoldEntry): Promise<string> {
  const pieces: Buffer[] = [];
  const source = (async function* () {
    yield Buffer.from(digest);
  })();
  for await (const piece of withoutOwnName(record.host, source)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function folded(list: readonly FoldEntry[]): Promise<string[]> {
  const groups = inOrder(await foldButForNames(foldExactly(list), nameless));
  return groups.map(({ records, butForNames }) => {
    return `${foldHosts(records.map(({ host }) => host))}${butForNames ? ' but for names' : ''}`;
  });
}

describe('folding', () => {
  it('puts equal outputs together, the biggest group first', async () => {
    assert.deepEqual(await folded(entries({ n1: 'a', n2: 'b', n3: 'b', n4: 'b', n5: 'a' })), ['n[2-4]', 'n[1,5]']);
  });

  it('takes what differs only by the own name for the same', async () => {
    assert.deepEqual(await folded(entries({ n1: 'I am n1', n2: 'I am n2', n3: 'I am n3' })), ['n[1-3] but for names']);
  });

  it('keeps apart who gives the name of another', async () => {
    const groups = await folded(entries({ n1: 'n1', n2: 'n1', n3: 'n3', n4: 'n4' }));
    assert.deepEqual(groups, ['n[1-2]', 'n[3-4] but for names']);
  });

  it('keeps hosts together that agree to the byte, whatever names are in it', async () => {
    assert.deepEqual(await folded(entries({ n1: 'leader n1', n2: 'leader n1', n3: 'leader n1' })), ['n[1-3]']);
  });

  it('tells ends apart, and shows failures last', async () => {
    assert.deepEqual(await folded(entries({ n1: 'a', n2: 'a', n3: 'a', n4: 'a' }, ['n1', 'n2', 'n3'])), [
      'n4',
      'n[1-3]',
    ]);
  });

  it('does not look for names where one host alone is different', async () => {
    const groups = await foldButForNames(foldExactly(entries({ n1: 'n1', n2: 'b', n3: 'b' })), () =>
      assert.fail('nobody could be the same'),
    );
    assert.equal(groups.length, 2);
  });
});
