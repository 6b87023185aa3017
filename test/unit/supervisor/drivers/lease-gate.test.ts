import assert from 'node:assert/strict';
import { LeaseGate } from '../../../../src/supervisor/drivers/lease-gate.ts';
import type { RawSockets } from '../../../../src/supervisor/drivers/raw-sockets.ts';

/** A gate in a time of its own, and how many requests its kernel has had; that never answers. */
function gateAt(start: number) {
  const kernel = { requests: 0, now: start };
  const sockets: RawSockets = {
    open: () => ({ send: () => void kernel.requests++, close: () => {} }),
    schedule: () => {},
    stop: async () => {},
  };
  const gate = new LeaseGate({
    ...{ sockets, now: () => kernel.now, groups: new Map([['web', ['10.77.0.100', 'fd00:77::100']]]) },
    ...{ onRendered: async () => {}, onLost: () => {}, onTrouble: () => {} },
  });
  return { gate, kernel };
}

describe('the lease gate', () => {
  it('asks the kernel nothing that is to be refused after a deadline that is over', async () => {
    const { gate, kernel } = gateAt(1000);
    assert.equal(await gate.arm(1, ['web'], 200, 999), false);
    assert.equal(await gate.acceptPassed('02:00:00:77:00:12', ['web'], 200, 999), false);
    assert.equal(kernel.requests, 0);
    // In time it is asked; then what would open the gate comes too late.
    const armed = gate.arm(2, ['web'], 200, 1000);
    assert.equal(kernel.requests, 1);
    kernel.now = 1050;
    assert.equal(await gate.grant(2, ['web'], 1049), false);
    assert.equal(kernel.requests, 1);
    const granted = gate.grant(2, ['web'], 1050);
    assert.equal(kernel.requests, 2);
    gate.stop();
    assert.deepEqual(await Promise.all([armed, granted]), [false, false]);
  });

  it('grants nothing that was not armed, nor for a group that this token was not armed for', async () => {
    const { gate, kernel } = gateAt(0);
    assert.equal(await gate.grant(3, ['web'], 100), false);
    void gate.arm(4, [], 200, 100);
    assert.equal(await gate.grant(4, ['web'], 100), false);
    assert.equal(kernel.requests, 1);
    assert.equal(await gate.arm(5, ['web'], 0.5, 100), false);
    assert.equal(kernel.requests, 1);
    gate.stop();
  });
});
