import assert from 'node:assert/strict';
import { silence } from '../../../src/core/timing.ts';
import { draws } from '../../draws.ts';
import { EpochWorld } from './epoch-world.ts';

const names = ['node1', 'node2', 'node3'];
const [short, long] = [200, 600];

interface Rollout {
  readonly world: EpochWorld;
  /** What no voter may have done. */
  readonly wrong: string[];
  /** Runs on in small steps, and returns for how long at once nobody held the group. */
  run(span: number): number;
  /** Stops one, orderly or at once, and starts it with another lease. */
  restart(name: string, lease: number, orderly: boolean): number;
}

/** Three nodes with a lease, web1 held; every vote is compared with the silence that its voter would keep after a restart. */
function rollout(seed: number, loss: number, lease: number): Rollout {
  const world = new EpochWorld(3, 3, seed);
  const wrong: string[] = [];
  const asked = new Map<string, number>();
  const configured = new Map(names.map((name) => [name, lease]));
  world.blocked = ({ message }, from) => {
    if (message.kind === 'propose') asked.set(message.nonce, message.lease);
    if (message.kind !== 'accept' || !message.answers.some(({ ok }) => ok)) return false;
    const granted = asked.get(message.nonce)!;
    const silent = configured.get(from)! * silence(0.001);
    if (granted >= silent) wrong.push(`${from} grants ${granted} ms, and would be silent for ${silent}`);
    return false;
  };
  for (const name of names) world.start(name, 3, lease);
  world.run(3000);
  world.loss = loss;
  assert.equal(world.holders().length, 1);

  // The kernel of a process that is gone keeps its gate open until the lease is over.
  let gate = { node: '', until: Number.NEGATIVE_INFINITY };
  const run = (span: number): number => {
    let [longest, since] = [0, world.now];
    for (const end = world.now + span; world.now < end; ) {
      world.run(1);
      const [holder] = world.holders();
      if (holder !== undefined && world.now < gate.until)
        wrong.push(`${holder} holds web1 while the gate of ${gate.node} is open`);
      if (holder !== undefined) since = world.now;
      longest = Math.max(longest, world.now - since);
    }
    return longest;
  };
  const restart = (name: string, next: number, orderly: boolean): number => {
    let without = 0;
    if (orderly) {
      world.operate(name, { kind: 'leave' });
      without = run(2000);
    }
    const claim = world.state(name).groups.get('web1')!.claim;
    if (claim.phase === 'holding' && claim.gateOpen) gate = { node: name, until: claim.leaseEnd };
    world.crash(name);
    without = Math.max(without, run(20));
    configured.set(name, Math.max(configured.get(name)!, next));
    world.start(name, 3, next);
    return Math.max(without, run(5000));
  };
  return { world, wrong, run, restart };
}

describe('roll-out of another lease', () => {
  for (const [from, to] of [
    [short, long],
    [long, short],
  ] as const) {
    for (const orderly of [true, false]) {
      it(`from ${from} to ${to} ms by ${orderly ? 'orderly restarts' : 'crashes'}: no vote outlasts a silence, and service goes on`, () => {
        for (let seed = 1; seed <= draws(12); seed++) {
          const { world, wrong, run, restart } = rollout(seed, seed % 3 === 0 ? 0.03 : 0, from);
          // Another node of the three each time is the first, the holder's place among them included.
          for (let turn = 0; turn < 3; turn++) {
            const without = restart(names[(turn + seed) % 3]!, to, orderly);
            assert.ok(without < (orderly ? 1 : 4) * long, `seed ${seed}: nobody held web1 for ${without} ms`);
            assert.equal(world.holders().length, 1, `seed ${seed}`);
          }
          run(3000);
          assert.equal(world.holders().length, 1);
          assert.equal(world.state(world.holders()[0]!).lease, to);
          assert.deepEqual([...wrong, ...world.broken], [], `seed ${seed}`);
        }
      });
    }
  }

  it('gives no vote for a lease that is longer than its own, and stays silent for the longest that it may have granted', () => {
    const { world, restart, wrong } = rollout(1, 0, short);
    restart('node2', long, true);
    let votes = 0;
    const before = world.blocked;
    world.blocked = (send, from) => {
      if (send.message.kind === 'accept' && send.to === 'node2') votes++;
      return before(send, from);
    };
    // Only the one with the longer lease would take it, and the others grant none like that.
    world.operate('node1', { kind: 'standby' });
    world.operate('node3', { kind: 'standby' });
    world.run(5000);
    assert.equal(votes, 0);
    assert.deepEqual(world.holders(), []);
    world.operate('node1', { kind: 'online' });
    world.run(3000);
    assert.deepEqual(world.holders(), ['node1']);
    // With the shorter one again it is as silent as for the longer one.
    world.crash('node2');
    world.start('node2', 3, short);
    assert.ok(world.state('node2').silentUntil >= world.now + long);
    assert.deepEqual([...wrong, ...world.broken], []);
  });
});
