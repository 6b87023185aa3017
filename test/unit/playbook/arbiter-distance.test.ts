import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { FactReader } from '../../../src/playbook/facts/fact.ts';
import { roundTripFact } from '../../../src/playbook/facts/round-trip.ts';
import type { Decision } from '../../../src/playbook/module.ts';
import { arbiterDistance } from '../../../src/playbook/modules/arbiter-distance.ts';

const args = { name: 'far', address: '10.77.0.13', port: 5561, lease: 1500, needed: true };

function decide(ms: number | undefined, more: object = {}): Decision {
  const facts = { get: () => ms } as unknown as FactReader;
  return arbiterDistance.decide({ ...args, ...more } as never, facts) as Decision;
}

/** What the node's own shell finds out. */
function measure(keys: readonly string[]): (number | undefined)[] {
  const output = execFileSync('sh', ['-c', roundTripFact.script(keys)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const found = roundTripFact.parse(output, keys);
  return keys.map((key) => found.get(key));
}

describe('arbiter_distance', () => {
  it('accepts a round trip that the lease allows, and a tenth more; refuses a longer one, and says what it takes', () => {
    for (const [ms, away] of [
      [0, '1 ms'],
      [5, '5 ms'],
      [199.2, '200 ms'],
      [222, '222 ms'],
    ] as const) {
      const message = `${away} away; a lease of 1.5 s bears 200 ms`;
      assert.deepEqual(decide(ms), { outcome: 'ok', result: { ms }, message });
    }
    const refused = decide(600);
    assert.ok(refused.outcome === 'failed');
    assert.match(refused.message, /Cannot hold a lease of 1\.5 s .* "far" .* 600 ms away, which takes 3\.5 s/);
    assert.equal(refused.hint, 'say so in the inventory, and the lease follows: arbiter_round_trip: 600ms');
  });

  it('refuses an arbiter that gives no answer at all, unless the cluster renews without it', () => {
    const refused = decide(undefined);
    assert.ok(refused.outcome === 'failed');
    assert.match(refused.message, /Cannot tell how far away "far" is as 10\.77\.0\.13 must answer at TCP port 5561/);
    const spare = (ms: number | null, away: string): Decision => ({
      outcome: 'ok',
      result: { ms },
      message: `${away}; the nodes renew without it`,
    });
    assert.deepEqual(decide(undefined, { needed: false }), spare(null, 'it gives no answer'));
    assert.deepEqual(decide(600, { needed: false }), spare(600, '600 ms away'));
  });

  it('measures where somebody listens and where nobody does; where no answer can come there is no figure', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port: free } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    try {
      // TCP to a multicast address is refused by the sender's own kernel: nothing was ever on its way.
      const [open, refused, never] = measure([`127.0.0.1:${port}`, `127.0.0.1:${free}`, '224.0.0.1:9']);
      for (const ms of [open, refused]) assert.ok(ms !== undefined && ms >= 0 && ms < 5000, `${ms} ms`);
      assert.equal(never, undefined);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
