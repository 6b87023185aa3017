import assert from 'node:assert/strict';
import fc from 'fast-check';
import { aliveOrUnknown, type Health, isServing, startHealth, stepHealth } from '../../../src/core/health.ts';

/** The states after each result in turn: `+` a success, `-` a failure, `x` the node's death, `b` that it is back. */
function states(start: Health, results: string, limits: { rise: number; fall: number }): string {
  let health = start;
  const seen = [...results].map((result) => {
    health = stepHealth(
      health,
      result === 'x'
        ? { type: 'nodeDead' }
        : result === 'b'
          ? { type: 'nodeBack' }
          : { type: 'checked', ok: result === '+' },
      limits,
    );
    return health.state;
  });
  return seen.join(' ');
}

describe('core/health', () => {
  it('lets a server that nobody has seen wait for its first success, and one in the kernel serve until it fails', () => {
    assert.equal(isServing(startHealth(false)), false);
    assert.equal(isServing(startHealth(true)), true);
    assert.equal(aliveOrUnknown(startHealth(true)), null);
    assert.equal(states(startHealth(false), '+', { rise: 5, fall: 5 }), 'alive');
    assert.equal(states(startHealth(true), '-', { rise: 5, fall: 5 }), 'dead');
    assert.equal(states(startHealth(true), '+', { rise: 5, fall: 5 }), 'alive');
  });

  it('needs `fall` failures in a row to die and `rise` successes in a row to come back', () => {
    const limits = { rise: 2, fall: 3 };
    assert.equal(states(startHealth(true), '+--+---', limits), 'alive alive alive alive alive alive dead');
    assert.equal(states(startHealth(false), '-+-++', limits), 'dead dead dead dead alive');
  });

  it('takes the death of its node at once, and counts successes only when the node is back', () => {
    assert.equal(states(startHealth(true), '+x++b++', { rise: 2, fall: 9 }), 'alive gone gone gone dead dead alive');
    assert.equal(states(startHealth(true), '+b', { rise: 2, fall: 9 }), 'alive alive');
  });

  it('is dead after `fall` failures and alive after `rise` successes, whatever came before', () => {
    const results = fc.string({ unit: fc.constantFrom('+', '-', 'x', 'b'), maxLength: 30 });
    const limit = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(results, limit, limit, fc.boolean(), (before, rise, fall, inKernel) => {
        const last = (tail: string): string | undefined =>
          states(startHealth(inKernel), before + tail, { rise, fall })
            .split(' ')
            .at(-1);
        assert.equal(last(`b${'-'.repeat(fall)}`), 'dead');
        assert.equal(last(`b${'+'.repeat(rise)}`), 'alive');
      }),
    );
  });
});
