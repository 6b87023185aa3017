import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { canonicalIp, networkContains, parseIp, parseNetwork, prefixOfNetmask } from '../../../src/base/ip.ts';
import { draws } from '../../draws.ts';

describe('addresses', () => {
  const canonical: readonly (readonly [string, string | undefined])[] = [
    ['10.77.0.100', '10.77.0.100'],
    ['010.0.0.1', undefined],
    ['10.0.0.256', undefined],
    ['10.0.0', undefined],
    ['FD77:0:0:0:0:0:0:1', 'fd77::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1::2::3', undefined],
    ['fe80::1%eth0', undefined],
    ['node1', undefined],
    ['', undefined],
  ];
  for (const [text, wanted] of canonical) it(`"${text}" is ${wanted}`, () => assert.equal(canonicalIp(text), wanted));

  it('are those that Node knows, and their canonical text is stable', () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/));
    fc.assert(
      fc.property(text, (address) => {
        const ours = canonicalIp(address);
        assert.equal(ours !== undefined, isIP(address) !== 0, address);
        if (ours !== undefined) assert.equal(canonicalIp(ours), ours);
      }),
      { numRuns: draws(1000) },
    );
  });

  it('lie in networks', () => {
    const inside = (network: string, address: string): boolean =>
      networkContains(parseNetwork(network)!, parseIp(address)!);
    assert.ok(inside('10.77.0.100/24', '10.77.0.11'));
    assert.ok(!inside('10.77.0.0/24', '10.77.1.11'));
    assert.ok(inside('0.0.0.0/0', '255.255.255.255'));
    assert.ok(inside('fd77::/64', 'fd77::1:2'));
    assert.ok(!inside('::/0', '10.0.0.1'));
    assert.deepEqual([parseNetwork('10.0.0.0/33'), parseNetwork('10.0.0.0/8/9')], [undefined, undefined]);
  });

  it('have netmasks', () => {
    assert.deepEqual(['255.255.255.0', '0.0.0.0', '255.255.255.255', '255.0.255.0'].map(prefixOfNetmask), [
      24,
      0,
      32,
      undefined,
    ]);
  });
});
