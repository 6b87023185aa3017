import assert from 'node:assert/strict';
import { describe as viewOf } from '../../../src/core/describe.ts';
import type { Effect } from '../../../src/core/effect.ts';
import { wakeAt } from '../../../src/core/node.ts';
import {
  listOrders,
  makeOrders,
  newOrderBook,
  type Order,
  orderOf,
  ordersOver,
  takeOrders,
} from '../../../src/core/orders.ts';
import { beat, happens, holding, newNode, only, say, sent } from './pair.ts';

const pin = (value: string, version: number, by = 'node1', remaining?: number): Order => ({
  kind: 'pin',
  about: 'web1',
  value,
  version,
  by,
  remaining,
});

describe('orders of operators', () => {
  it('are the same on two nodes that heard them in another order, and show it by one number', () => {
    const orders = [pin('node2', 3), pin('node3', 4), { ...pin('on', 2, 'node3'), kind: 'clear' as const }];
    const [here, there] = [newOrderBook([], 0), newOrderBook([], 0)];
    for (const order of orders) takeOrders(here, [order], 0);
    for (const order of [...orders].reverse()) takeOrders(there, [order], 5);
    assert.deepEqual(here.pins, new Map([['web1', 'node3']]));
    assert.deepEqual(there.pins, here.pins);
    assert.equal(there.digest, here.digest);
    assert.notEqual(here.digest, 0);
    takeOrders(there, [pin('node2', 5)], 6);
    assert.notEqual(there.digest, here.digest);
  });

  it('of one version go by the name of the node through which they came', () => {
    const [here, there] = [newOrderBook([], 0), newOrderBook([], 0)];
    const [one, other] = [pin('node2', 3, 'node1'), pin('node3', 3, 'node2')];
    takeOrders(here, [one, other], 0);
    takeOrders(there, [other, one], 0);
    assert.equal(here.pins.get('web1'), 'node3');
    assert.equal(there.pins.get('web1'), 'node3');
  });

  it('are newer than all that is known when they are given, and what nobody ordered cannot be taken back', () => {
    const book = newOrderBook([pin('node2', 17)], 0);
    const [made] = makeOrders(book, [{ kind: 'standby', about: 'node1', value: 'on' }], 'node1');
    assert.equal(made?.version, 18);
    assert.deepEqual(makeOrders(book, [{ kind: 'standby', about: 'node1', value: '' }], 'node1'), []);
  });

  it('are over by the own clock, and that is an order too', () => {
    const book = newOrderBook([pin('node2', 3, 'node1', 500)], 1000);
    assert.deepEqual(orderOf(book, 'pin', 'web1', 1200), { value: 'node2', remaining: 300 });
    assert.deepEqual(listOrders(book, 1200)[0]?.remaining, 300);
    assert.deepEqual(ordersOver(book, 1499), []);
    assert.deepEqual(ordersOver(book, 1500), [{ kind: 'pin', about: 'web1', value: '' }]);
    assert.equal(orderOf(book, 'pin', 'web1', 1500), undefined);
  });

  it('reach a peer whose beats show another number, at once, and then ever more rarely', () => {
    const state = newNode('node1', 0);
    say(state, 'node2', beat, 10);
    const first = happens(
      state,
      { type: 'operator', id: 1, command: { kind: 'move', group: 'web1', node: 'node3' } },
      20,
    );
    assert.deepEqual(only(first, 'reply'), {
      type: 'reply',
      id: 1,
      ok: true,
      text: 'web1 is to run on node3 until it is cleared',
    });
    assert.equal(only(first, 'persistOrders').orders.length, 1);
    const told = sent(first, 'orders');
    assert.deepEqual(
      told.map(({ orders }) => orders.map(({ value }) => value)),
      [['node3']],
    );
    let count = 0;
    for (let now = 25; now < 60_000; now += 50) {
      count += sent(say(state, 'node2', beat, now), 'orders').length;
      assert.ok(wakeAt(state) > now);
    }
    assert.ok(count >= 6 && count <= 16, `${count} times`);
    if (beat.kind !== 'beat') throw new Error('no beat');
    const knows = { ...beat, beat: { ...beat.beat, orders: state.orders.digest } };
    let after = 0;
    for (let now = 60_000; now < 120_000; now += 50) after += sent(say(state, 'node2', knows, now), 'orders').length;
    assert.equal(after, 0);
  });

  it('that cannot be are refused with the reason, and change nothing', () => {
    const state = newNode('node1', 0);
    const ask = (command: Parameters<typeof happens>[1] & { type: 'operator' }): string =>
      only(happens(state, command, 10), 'reply').text;
    assert.match(
      ask({ type: 'operator', id: 1, command: { kind: 'move', group: 'web7', node: 'node2' } }),
      /^Cannot move "web7" as it must be a resource group of cluster "\w+": it has web1$/,
    );
    assert.match(
      ask({ type: 'operator', id: 2, command: { kind: 'standby', node: 'node9' } }),
      /it must be a node of cluster "\w+": it has node1, node2, node3$/,
    );
    assert.equal(state.orders.digest, 0);
  });

  it('put a node in standby, also after its restart and through another node', () => {
    const state = newNode('node2', 0);
    const order: Order = { kind: 'standby', about: 'node2', value: 'on', version: 1, by: 'node1' };
    say(state, 'node1', { kind: 'orders', orders: [order] }, 10);
    assert.equal(state.standby, true);
    say(state, 'node1', { kind: 'orders', orders: [{ ...order, value: '', version: 2 }] }, 20);
    assert.equal(state.standby, false);
  });

  it('say in maintenance what stays: to who wanted the node empty, who asks for that now, and who ends its musterd', () => {
    const { state, now } = holding();
    const replies = (effects: readonly Effect[]): readonly unknown[] =>
      effects.flatMap((effect) => (effect.type === 'reply' ? [[effect.id, effect.ok, effect.text]] : []));
    assert.deepEqual(replies(happens(state, { type: 'operator', id: 1, command: { kind: 'standby' } }, now + 1)), []);
    const on = { kind: 'maintenance', on: true } as const;
    assert.deepEqual(replies(happens(state, { type: 'operator', id: 2, command: on }, now + 2)), [
      [2, true, 'maintenance of the whole cluster is on: what runs is let alone, and nobody takes over'],
      [1, false, 'node1 keeps web1, as it is in maintenance, and hands it over when that is off'],
    ]);
    assert.deepEqual(replies(happens(state, { type: 'operator', id: 3, command: { kind: 'standby' } }, now + 3)), [
      [3, false, 'Cannot standby "node1" as node1 must not be in maintenance: nothing moves until maintenance is off'],
    ]);
    const left = happens(state, { type: 'operator', id: 4, command: { kind: 'leave' } }, now + 4);
    assert.deepEqual(replies(left), [[4, true, 'node1 keeps web1, as it is in maintenance']]);
    assert.match(
      left.flatMap((effect) => (effect.type === 'decide' ? [effect.decision.why] : [])).join('\n'),
      /; in maintenance web1 stays here as it is, nobody takes it over, and its addresses are silent until musterd runs/,
    );
  });

  it('for a node that is gone are shown as what it will be', () => {
    const state = newNode('node2', 0);
    const shown = (now: number): boolean | undefined =>
      viewOf(state, now).nodes.find(({ name }) => name === 'node3')?.standby;
    assert.equal(shown(5), false);
    happens(state, { type: 'operator', id: 1, command: { kind: 'standby', node: 'node3' } }, 10);
    assert.equal(shown(15), true);
    say(state, 'node3', beat, 20);
    assert.equal(shown(25), false, 'what it says itself');
    happens(state, { type: 'tick' }, 60_000);
    assert.equal(shown(60_000), true);
    happens(state, { type: 'operator', id: 2, command: { kind: 'online', node: 'node3' } }, 60_010);
    assert.equal(shown(60_020), false);
  });
});
