import assert from 'node:assert/strict';
import {
  addressMark,
  gateChains,
  renderGate,
  tokenMarkBit,
} from '../../../../src/supervisor/drivers/lease-gate-ruleset.ts';

const devices = [
  { name: 'eth0', mac: '02:00:00:77:00:11' },
  { name: 'eth1.5', mac: '02:00:00:77:01:11' },
];
const text = renderGate(devices, ['10.77.0.100', 'fd00:77::100'], ['ingress-gone']);

/** The rules of the last rendering of a chain, one a line. */
function rulesOf(chain: string): string[] {
  const body = text.split(`chain ${chain} {\n`)[1]!.split('}\n  chain')[0]!;
  return body.split('\n').map((line) => line.trim());
}

describe('the rules of the lease gate', () => {
  it('begin shut: everything that could open a gate is flushed in the same transaction, the peers are not', () => {
    for (const set of ['armed', 'passed4', 'passed6'])
      assert.ok(text.includes(`flush set netdev muster ${set}\n`), set);
    for (const map of ['granted4', 'granted6', 'granted-target', 'yielded4', 'passing6'])
      assert.ok(text.includes(`flush map netdev muster ${map}\n`), map);
    assert.ok(!text.includes('muster peers\n'));
    assert.ok(!text.includes('flush chain netdev muster balance'));
    assert.ok(text.includes('delete chain netdev muster ingress-gone\n'));
  });

  it('come first in ingress and stand in egress, on every device', () => {
    for (const { name } of devices) {
      assert.equal(
        rulesOf(`ingress-${name}`)[0],
        `type filter hook ingress device "${name}" priority -500; policy accept;`,
      );
      assert.match(rulesOf(`egress-${name}`)[0]!, /hook egress/);
    }
  });

  it('let a peer in before the gate is asked, and a hand-over before the peer', () => {
    const rules = rulesOf('ingress-eth0');
    const at = (part: string): number => rules.findIndex((rule) => rule.includes(part));
    assert.ok(at('@passed4 goto open') < at('ether saddr @peers accept'));
    assert.ok(at('ether saddr @peers accept') < at('goto gate4-eth0'));
    assert.ok(at('arp daddr ip') < at('ether saddr @peers accept'));
  });

  it('drop at the end of every way that asks the gate', () => {
    for (const chain of ['gate4-eth0', 'gate6-eth0', 'arp-asked', 'arp-said', 'neighbour', 'neighbour-from'])
      assert.equal(
        rulesOf(chain)
          .filter((rule) => rule !== '')
          .at(-1),
        'drop',
        chain,
      );
  });

  it('pass a frame on only while the token that was given up is armed', () => {
    const pass = rulesOf('gate4-eth0').find((rule) => rule.includes('fwd to'))!;
    assert.ok(pass.startsWith('meta mark @armed '));
    assert.ok(pass.includes('ether saddr set 02:00:00:77:00:11 fwd to "eth0"'));
  });

  it('match the target of a neighbour solicitation raw, with a mark that no token can have', () => {
    const raw = `@th,64,128 0x${'fd000077000000000000000000000100'} meta mark set ${addressMark(1)} goto neighbour`;
    assert.ok(rulesOf('ingress-eth0').includes(`icmpv6 type nd-neighbor-solicit ${raw}`));
    assert.ok(rulesOf('egress-eth0').includes(`icmpv6 type nd-neighbor-advert ${raw}`));
    assert.ok(addressMark(1000) < tokenMarkBit);
  });

  it('name every chain that is watched for changes', () => {
    for (const chain of gateChains(devices)) assert.ok(text.includes(`  chain ${chain} {\n`), chain);
  });
});
