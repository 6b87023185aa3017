import assert from 'node:assert/strict';
import type { Message } from '../../../src/core/message.ts';
import { Codec } from '../../../src/wire/codec.ts';
import { draws } from '../../draws.ts';
import { EpochWorld } from '../core/epoch-world.ts';
import { keyring } from './examples.ts';

type Version = 1 | 2;
const names = ['node1', 'node2', 'node3'];

/** Three nodes whose messages go through codecs of their own, so that each knows what its version can say and no more. */
class Upgrade {
  readonly world: EpochWorld;
  readonly codecs = new Map<string, Codec>();
  readonly versions = new Map<string, Version>();

  constructor(seed: number, loss: number, version: Version) {
    this.world = new EpochWorld(3, 3, seed);
    this.world.carried = ({ to, message, epoch }, from) => {
      const datagram = this.codecs.get(from)!.encode(to, message, epoch);
      // An old core has no message that only the newer version can say.
      if (datagram[2]! > this.versions.get(from)!) return undefined;
      const decoded = this.codecs.get(to)?.decode(datagram);
      return decoded?.ok ? decoded : undefined;
    };
    for (const name of names) this.start(name, version);
    this.world.run(3000);
    this.world.loss = loss;
    assert.equal(this.world.holders().length, 1, `seed ${seed}`);
  }

  start(self: string, version: Version): void {
    const starts = this.world.nodes.get(self)!.starts + 1;
    const incarnation = starts.toString(16).padStart(16, '0') + self.charCodeAt(4).toString(16).padStart(16, '0');
    const peers = names.filter((name) => name !== self);
    // Before it starts, as its first words are said in that instant.
    this.codecs.set(self, new Codec({ self, incarnation, keyring, version, peers }));
    this.versions.set(self, version);
    this.world.start(self, 3);
  }

  /** Stops it, orderly or at once, and starts it in this version; for how long at once nobody held the group. */
  replace(name: string, version: Version, orderly: boolean): number {
    if (orderly) this.world.operate(name, { kind: 'leave' });
    const leaving = orderly ? this.run(2000) : 0;
    const claim = this.world.state(name).groups.get('web1')!.claim;
    // The kernel keeps the gate of a process that is gone until the lease is over, and this world looks at processes.
    const open = claim.phase === 'holding' ? claim.leaseEnd : this.world.now;
    this.world.crash(name);
    const gone = this.run(20);
    this.start(name, version);
    while (this.world.now < open) {
      this.world.run(1);
      assert.deepEqual(this.world.holders(), [], 'the gate of the old process is open still');
    }
    return Math.max(leaving, gone, this.run(5000));
  }

  run(span: number): number {
    let [longest, since] = [0, this.world.now];
    for (const end = this.world.now + span; this.world.now < end; ) {
      this.world.run(1);
      if (this.world.holders().length > 0) since = this.world.now;
      longest = Math.max(longest, this.world.now - since);
    }
    return longest;
  }

  /** The version in which each node speaks to each other, but for what is tried. */
  spoken(): number[] {
    const offer: Message = { kind: 'offer', nonce: '0'.repeat(32), groups: [] };
    return names.flatMap((from) =>
      names.filter((to) => to !== from).map((to) => this.codecs.get(from)!.encode(to, offer)[2]!),
    );
  }
}

describe('a cluster whose protocol changes while it runs', () => {
  for (const [from, to] of [
    [1, 2],
    [2, 1],
  ] as const) {
    for (const orderly of [true, false]) {
      it(`from version ${from} to ${to} by ${orderly ? 'orderly restarts' : 'crashes'}: service goes on, with one holder`, () => {
        for (let seed = 1; seed <= draws(10); seed++) {
          const upgrade = new Upgrade(seed, seed % 3 === 0 ? 0.03 : 0, from);
          const { world } = upgrade;
          const { lease } = world.state('node1');
          for (let turn = 0; turn < 3; turn++) {
            const without = upgrade.replace(names[(turn + seed) % 3]!, to, orderly);
            assert.ok(without < (orderly ? 1 : 4) * lease, `seed ${seed}: nobody held web1 for ${without} ms`);
            assert.equal(world.holders().length, 1, `seed ${seed}`);
          }
          assert.deepEqual(upgrade.spoken(), Array(6).fill(to), `seed ${seed}`);
          assert.deepEqual(world.broken, [], `seed ${seed}`);
        }
      });
    }
  }

  it('changes voters only by what the newer version can say: an old node keeps silent, and is back once it is upgraded', () => {
    for (let seed = 1; seed <= draws(5); seed++) {
      const upgrade = new Upgrade(seed, 0, 1);
      const { world } = upgrade;
      for (const name of ['node1', 'node2']) upgrade.replace(name, 2, true);
      world.operate('node1', { kind: 'reconfigure' });
      upgrade.run(5000);
      assert.equal(world.holders().length, 1, `seed ${seed}: ${world.sets().join('; ')}`);
      upgrade.replace('node3', 2, true);
      assert.deepEqual(
        world.sets(),
        names.map(() => `1: ${names.join(' ')}`),
      );
      assert.equal(world.holders().length, 1, `seed ${seed}`);
      assert.deepEqual(world.broken, [], `seed ${seed}`);
    }
  });
});
