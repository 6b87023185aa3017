import assert from 'node:assert/strict';
import fc from 'fast-check';
import { flowKey, hashSeed, planService, shares, slotCount, slotTable } from '../../../src/core/balancing.ts';
import type { RealServer, VirtualService } from '../../../src/model/virtual-service.ts';
import { draws } from '../../draws.ts';

const table = (weights: readonly number[], effective = weights): readonly number[] =>
  slotTable(
    weights.map((weight, index) => ({ key: `10.77.0.${index + 21}:80`, weight, effective: effective[index]! })),
  );
const counts = (slots: readonly number[], servers: number): number[] =>
  Array.from({ length: servers }, (_, server) => slots.filter((owner) => owner === server).length);
const moved = (before: readonly number[], after: readonly number[]): number =>
  before.filter((owner, slot) => owner !== after[slot]).length;

const someWeights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 12 });

describe('core/balancing', () => {
  it('gives exact shares', () => {
    assert.deepEqual(counts(table([1, 1, 1]), 3), [80, 80, 80]);
    assert.deepEqual(counts(table([1, 2, 3]), 3), [40, 80, 120]);
    assert.deepEqual(counts(table([0, 1, 3]), 3), [0, 60, 180]);
    assert.deepEqual(table([0, 0]), []);
    assert.deepEqual(table([1, 1], [0, 0]), []);
  });

  it('fills every slot by the divisor method for any weights and deaths', () => {
    fc.assert(
      fc.property(someWeights, fc.infiniteStream(fc.boolean()), (weights, draw) => {
        const effective = weights.map((weight) => (draw.next().value ? weight : 0));
        const slots = table(weights, effective);
        const wanted = shares(effective, slotCount);
        assert.deepEqual(counts(slots, weights.length), wanted.length === 0 ? weights.map(() => 0) : wanted);
        assert.equal(slots.length, wanted.length === 0 ? 0 : slotCount);
      }),
      { numRuns: draws(60) },
    );
  });

  it('moves the slots of the dead and no others, and just these back', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(), (weights, draw) => {
        const dead = draw % weights.length;
        const before = table(weights);
        const after = table(
          weights,
          weights.map((weight, server) => (server === dead ? 0 : weight)),
        );
        for (const [slot, owner] of before.entries()) if (owner !== dead) assert.equal(after[slot], owner);
      }),
      { numRuns: draws(60) },
    );
  });

  it('moves few more slots than it must when a weight changes or a server is added', () => {
    // 17 must move from 1:2:3 to 1:2:4 (40:80:120 -> 34:69:137); 60 from three servers to four.
    assert.ok(moved(table([1, 2, 3]), table([1, 2, 4])) <= 17 * 1.3);
    assert.ok(moved(table([1, 1, 1]), table([1, 1, 1, 1])) <= 60 * 1.3);
  });

  it('gives the same table on every machine and in every version', () => {
    assert.equal(hashSeed('10.77.0.100:80/tcp'), 895_846_199);
    assert.equal(table([1, 2, 3]).slice(0, 24).join(''), '212122222012222211221221');
  });

  it('never lets a share shrink when another server leaves (coherence)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 40 }), (weights) => {
        const before = shares(weights, slotCount);
        const after = shares([0, ...weights.slice(1)], slotCount);
        for (let server = 1; server < weights.length; server++) assert.ok(after[server]! >= before[server]!);
      }),
    );
  });

  it('sends all to the fallback only when no server serves', () => {
    const server = (address: string, weight = 1): RealServer => ({ address, port: 80, forwarding: 'gate', weight });
    const service = {
      ...{ address: '10.77.0.100', port: 80, protocol: 'tcp', scheduler: 'wrr', persistent: undefined },
      realServers: [server('10.77.0.21'), server('10.77.0.22'), server('10.77.0.23', 0)],
      fallback: server('127.0.0.1'),
    } as unknown as VirtualService;
    const all = planService(service, () => true);
    assert.deepEqual(
      [all.targets.map(({ address }) => address), all.usesFallback],
      [['10.77.0.21', '10.77.0.22'], false],
    );
    const one = planService(service, ({ address }) => address === '10.77.0.22');
    assert.deepEqual([one.targets.length, new Set(one.slots)], [1, new Set([0])]);
    const none = planService(service, ({ weight }) => weight === 0);
    assert.deepEqual([none.targets.map(({ address }) => address), none.usesFallback], [['127.0.0.1'], true]);
    assert.deepEqual(planService({ ...service, fallback: undefined }, () => false).slots, []);
  });

  it('hashes only the client of a persistent service', () => {
    assert.equal(flowKey({ scheduler: 'mh', persistent: 600 }), 'client');
    assert.equal(flowKey({ scheduler: 'wrr', persistent: undefined }), 'flow');
  });
});
