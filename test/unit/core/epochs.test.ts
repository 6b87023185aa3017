import assert from 'node:assert/strict';
import { seededRandom } from '../../../src/base/random.ts';
import { differByOne } from '../../../src/core/epoch-register.ts';
import { draws } from '../../draws.ts';
import { EpochWorld } from './epoch-world.ts';

/** Three nodes that vote and one or two that could, all of them settled, with web1 held. */
function settled(configured = 4): EpochWorld {
  const world = new EpochWorld(configured, 3);
  for (const name of ['node1', 'node2', 'node3']) world.start(name);
  world.run(3000);
  world.operate('node1', { kind: 'reconfigure' });
  world.run(2000);
  // The voters are recorded: from now on the configuration may name more of them.
  for (const name of ['node3', 'node2', 'node1']) {
    world.settleDisks();
    world.crash(name);
    world.run(50);
    world.start(name, configured);
    world.run(2000);
  }
  for (let index = 4; index <= configured; index++) world.start(`node${index}`, configured);
  world.run(2000);
  return world;
}

describe('core: epochs', () => {
  it('counts by the configuration while nothing was ever recorded', () => {
    const world = new EpochWorld(3, 3);
    for (const name of ['node1', 'node2', 'node3']) world.start(name);
    world.run(3000);
    assert.deepEqual(world.sets(), Array(3).fill('0: node1 node2 node3'));
    assert.equal(world.holders().length, 1);
  });

  it('a recorded set stays in force whatever the configuration says; a node without a vote holds nothing', () => {
    const world = settled();
    assert.deepEqual(world.sets(), Array(4).fill('1: node1 node2 node3'));
    world.operate('node1', { kind: 'standby' });
    world.operate('node2', { kind: 'standby' });
    world.run(2000);
    assert.deepEqual(world.holders(), ['node3']);
    world.operate('node3', { kind: 'standby' });
    world.run(2000);
    assert.deepEqual(world.holders(), ['node3'], 'node4 has no vote, so nobody can take it');
  });

  it('adds a voter while a group stays where it is, and the new one is silent for a lease', () => {
    const world = settled();
    const before = world.holders();
    const takeovers = (): number =>
      [...world.nodes.keys()].reduce((sum, name) => sum + world.state(name).counters.takeovers!, 0);
    const moves = takeovers();
    world.operate('node2', { kind: 'reconfigure', add: 'node4' });
    let silent = 0;
    for (let span = 0; span < 3000; span += 5) {
      world.run(5);
      if (world.state('node4').epoch === 2) silent = Math.max(silent, world.state('node4').silentUntil - world.now);
    }
    assert.deepEqual(world.sets(), Array(4).fill('2: node1 node2 node3 node4'));
    assert.deepEqual(world.replies.at(-1), {
      node: 'node2',
      ok: true,
      text: 'node1, node2, node3, node4 vote as of epoch 2',
    });
    assert.ok(silent > 200, `silent for ${silent} ms`);
    assert.deepEqual(world.holders(), before);
    assert.equal(takeovers(), moves, 'nothing moved');
    assert.deepEqual(world.broken, []);
  });

  it('a node that is removed hands over first, and its votes count no more', () => {
    const world = settled();
    world.operate('node1', { kind: 'reconfigure', add: 'node4' });
    world.run(3000);
    const [holder] = world.holders();
    const proposer = [...world.nodes.keys()].find((name) => name !== holder)!;
    let gap = 0;
    world.operate(proposer, { kind: 'reconfigure', remove: holder });
    for (let span = 0; span < 4000; span += 1) {
      world.run(1);
      if (world.holders().length === 0) gap++;
    }
    assert.equal(world.state(proposer).epoch, 3);
    assert.ok(!world.state(proposer).voters.includes(holder!));
    assert.equal(world.holders().length, 1);
    assert.notDeepEqual(world.holders(), [holder]);
    assert.ok(gap < 60, `nobody held it for ${gap} ms: it was handed over, not lost`);
    assert.equal(world.state(holder!).voters.includes(holder!), false, 'the removed one knows');
    assert.deepEqual(world.broken, []);
  });

  it('of two wishes at once, on two nodes, one comes first and the other after it', () => {
    const world = settled(5);
    world.operate('node1', { kind: 'reconfigure', add: 'node4' });
    world.operate('node2', { kind: 'reconfigure', add: 'node5' });
    world.run(8000);
    assert.deepEqual(world.broken, []);
    assert.deepEqual(new Set(world.sets().map((set) => set.slice(0, 2))), new Set(['3:']));
    assert.equal(world.state('node3').voters.length, 5);
    assert.deepEqual(
      world.replies.slice(-2).map(({ ok }) => ok),
      [true, true],
    );
  });

  it('a wish that another change has made dangerous is refused, not fulfilled', () => {
    const world = settled();
    world.operate('node1', { kind: 'reconfigure', add: 'node4' });
    world.run(4000);
    world.operate('node1', { kind: 'reconfigure', remove: 'node3' });
    world.operate('node2', { kind: 'reconfigure', remove: 'node4' });
    world.run(12_000);
    assert.deepEqual(world.broken, []);
    assert.equal(world.state('node1').voters.length, 3);
    const replies = world.replies.slice(-2);
    assert.deepEqual(replies.map(({ ok }) => ok).sort(), [false, true]);
    assert.match(replies.find(({ ok }) => !ok)!.text, /two voters with no third/);
  });

  it('a node that was off during several changes learns of them, and counts for nothing before', () => {
    const world = settled();
    world.settleDisks();
    world.crash('node3');
    world.operate('node1', { kind: 'reconfigure', add: 'node4' });
    world.run(4000);
    assert.equal(world.state('node1').epoch, 2);
    world.operate('node1', { kind: 'reconfigure', remove: 'node3' });
    world.run(4000);
    assert.equal(world.state('node1').epoch, 3);
    world.start('node3', 4);
    assert.equal(world.state('node3').epoch, 1);
    world.run(1000);
    assert.deepEqual(new Set(world.sets()), new Set([`3: ${world.state('node1').voters.join(' ')}`]));
    assert.deepEqual(world.broken, []);
  });

  it('what cannot be written down is not in force: the others go on, and it follows when it can', () => {
    const world = settled();
    world.nodes.get('node3')!.diskFull = true;
    world.operate('node1', { kind: 'reconfigure', add: 'node4' });
    world.run(4000);
    assert.equal(world.state('node3').epoch, 1);
    assert.equal(world.state('node1').epoch, 2);
    assert.equal(world.holders().length, 1);
    world.nodes.get('node3')!.diskFull = false;
    world.run(500);
    assert.equal(world.state('node3').epoch, 2);
    assert.deepEqual(world.broken, []);
  });

  it('refuses what would leave nobody, or nobody able to take over', () => {
    const world = settled();
    const answer = (name: string, wish: { add?: string; remove?: string }): string => {
      world.operate(name, { kind: 'reconfigure', ...wish });
      const last = world.replies.at(-1)!;
      assert.equal(last.ok, false);
      return last.text;
    };
    assert.match(answer('node1', { add: 'node9' }), /does not know "node9"/);
    assert.match(answer('node1', { remove: 'node3' }), /two voters with no third/);
    world.settleDisks();
    world.crash('node4');
    world.run(1000);
    assert.match(answer('node1', { add: 'node4' }), /not heard/);
    world.crash('node2');
    world.crash('node3');
    world.run(1000);
    assert.match(answer('node1', { add: 'node4' }), /hears none/);
    assert.deepEqual(world.sets(), ['1: node1 node2 node3']);
  });

  it('says at once that there is nothing to do', () => {
    const world = settled();
    world.operate('node1', { kind: 'reconfigure', add: 'node2' });
    assert.deepEqual(world.replies.at(-1), { node: 'node1', ok: true, text: 'node1, node2, node3 vote as of epoch 1' });
  });

  it('whatever is lost, and whoever crashes at whatever moment: one set an epoch, one holder a group', function () {
    this.timeout(60_000);
    for (let seed = 1; seed <= draws(25); seed++) {
      const random = seededRandom(seed);
      const world = new EpochWorld(5, 3, seed);
      for (const name of ['node1', 'node2', 'node3']) world.start(name);
      world.run(2500);
      world.operate('node1', { kind: 'reconfigure' });
      world.run(1500);
      for (const name of ['node1', 'node2', 'node3']) {
        world.settleDisks();
        world.crash(name);
        world.start(name, 5);
        world.run(300);
      }
      for (const name of ['node4', 'node5']) world.start(name, 5);
      world.loss = random.pick([0, 0.05, 0.2]);
      const names = [...world.nodes.keys()];
      for (let turn = 0; turn < 25; turn++) {
        const name = random.pick(names);
        const other = random.pick(names);
        if (random.chance(0.3)) {
          world.settleDisks();
          world.crash(name);
        } else if (random.chance(0.4)) world.operate(name, { kind: 'reconfigure', add: other });
        else if (random.chance(0.6)) world.operate(name, { kind: 'reconfigure', remove: other });
        else {
          const [left, right] = [random.pick(names), random.pick(names)];
          world.blocked = ({ to }, from) => (from === left && to === right) || (from === right && to === left);
        }
        world.run(random.between(1, 700));
        for (const each of names)
          if (world.nodes.get(each)!.state === undefined && random.chance(0.5)) world.start(each, 5);
      }
      world.loss = 0;
      world.blocked = () => false;
      for (const each of names) if (world.nodes.get(each)!.state === undefined) world.start(each, 5);
      world.run(3000);
      assert.deepEqual(world.broken, [], `seed ${seed}`);
      assert.equal(
        new Set(world.sets().map((set) => set.split(':')[0])).size,
        1,
        `seed ${seed}: ${world.sets().join('; ')}`,
      );
      assert.equal(world.holders().length, 1, `seed ${seed}: somebody holds it again`);
    }
  });
});

describe('core: sets that follow each other', () => {
  it('differ by one voter, or not at all', () => {
    assert.ok(differByOne(['a', 'b'], ['a', 'b', 'c']));
    assert.ok(differByOne(['a', 'b', 'c'], ['c', 'a']));
    assert.ok(differByOne(['a', 'b'], ['b', 'a']));
    assert.ok(!differByOne(['a', 'b'], ['a', 'c']));
    assert.ok(!differByOne(['a'], []));
    assert.ok(!differByOne(['a', 'b'], ['a', 'b', 'c', 'd']));
  });
});
