import assert from 'node:assert/strict';
import { Backstop } from '../../../../src/supervisor/drivers/backstop.ts';
import { backstopTransaction, passMark } from '../../../../src/supervisor/drivers/backstop-ruleset.ts';
import { renderGate, tokenMarkBit } from '../../../../src/supervisor/drivers/lease-gate-ruleset.ts';
import type { Answer, NetlinkConnection, Request } from '../../../../src/supervisor/drivers/netlink/connection.ts';
import { markBytes } from '../../../../src/supervisor/drivers/netlink/nftables.ts';

const addresses = ['10.77.0.100', 'fd00:77::100'];
const peers = new Set(['02:00:00:77:00:12']);
const kinds = (requests: readonly Request[]): number[] => requests.map(({ type }) => type & 0xff);
const rulesOf = (requests: readonly Request[], chain: string): Buffer[] =>
  requests
    .filter(({ type, body }) => (type & 0xff) === 6 && Buffer.from(body).includes(`${chain}\0`))
    .map(({ body }) => Buffer.from(body));

describe('the backstop behind the lease gate', () => {
  it('replaces what this socket made in one transaction, of which the last change asks for the acknowledgement', () => {
    const requests = backstopTransaction(['eth0'], addresses, peers);
    const [begin, ...rest] = kinds(requests);
    assert.deepEqual([begin, ...rest.slice(0, 3), rest.at(-1)], [16, 0, 2, 0, 17]);
    assert.equal(requests.at(-2)!.flags & 4, 4);
    assert.ok(requests.slice(0, -2).every(({ flags }) => (flags & 4) === 0));
    // NFTA_TABLE_FLAGS: it belongs to the socket, or a flush would take it.
    assert.ok(Buffer.from(requests[3]!.body).includes(Buffer.from([0, 0, 0, 2])));
  });

  it('has both chains on every device, with the same rules', () => {
    const requests = backstopTransaction(['eth0', 'eth1.5'], addresses, peers);
    for (const hook of ['ingress', 'egress']) {
      const [one, two] = ['eth0', 'eth1.5'].map((device) => rulesOf(requests, `${hook}-${device}`).length);
      assert.ok(one! >= 4);
      assert.equal(one, two);
    }
  });

  it('lets through by the mark that the gate leaves, and looks for it first', () => {
    const requests = backstopTransaction(['eth0'], addresses, peers);
    for (const chain of ['ingress-eth0', 'egress-eth0']) {
      const [first, ...others] = rulesOf(requests, chain);
      assert.ok(first!.includes(markBytes(passMark)));
      assert.ok(others.every((rule) => !rule.includes(markBytes(passMark))));
    }
    const gate = renderGate([{ name: 'eth0', mac: '02:00:00:77:00:11' }], addresses);
    for (const chain of ['open', 'quiet'])
      assert.match(gate, new RegExp(`chain ${chain} \\{[^}]*meta mark set ${passMark}\\n +accept\\n +\\}`));
    assert.ok(passMark < tokenMarkBit && passMark > 0xffff, 'it is neither the mark of a token nor of an address');
  });

  it('is asked for again where the kernel refused it, and says so once', async () => {
    const answers = [1, 1, 0];
    const troubles: string[] = [];
    let changes = 0;
    const transaction = async (): Promise<Answer> => ({ error: answers.shift()!, messages: [] });
    const netlink = { transaction } as unknown as NetlinkConnection;
    const backstop = new Backstop(
      netlink,
      addresses,
      () => changes++,
      (why) => troubles.push(why),
    );
    for (const stands of [false, false, true]) {
      await backstop.make(['eth0'], peers);
      assert.equal(backstop.stands, stands);
    }
    assert.equal(changes, 1);
    assert.equal(troubles.length, 1);
    assert.match(troubles[0]!, /EPERM/);
  });

  it('takes the place of a table of its name that nobody owns', async () => {
    const sent: number[][] = [];
    const answers = [95, 0, 0];
    const transaction = async (requests: readonly Request[]): Promise<Answer> => {
      sent.push(kinds(requests));
      return { error: answers.shift()!, messages: [] };
    };
    const netlink = { transaction } as unknown as NetlinkConnection;
    const backstop = new Backstop(
      netlink,
      addresses,
      () => {},
      () => assert.fail('it is no trouble'),
    );
    await backstop.make(['eth0'], peers);
    assert.ok(backstop.stands);
    assert.deepEqual(sent[1], [16, 2, 17]);
    assert.deepEqual(sent[0], sent[2]);
  });
});
