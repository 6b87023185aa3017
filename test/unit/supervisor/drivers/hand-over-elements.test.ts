import assert from 'node:assert/strict';
import { HandOverElements } from '../../../../src/supervisor/drivers/hand-over-elements.ts';

const one = ['10.77.0.100'];
const other = ['10.77.0.101', 'fd00:77::101'];
const mac = '02:00:00:77:00:12';
const setsOf = (changes: { add?: readonly { set: string }[] }): string[] => (changes.add ?? []).map(({ set }) => set);

describe('elements of a hand-over', () => {
  it('passes on only together with the token that was given up', () => {
    const changes = new HandOverElements().yieldTo(one, mac, 0x8000_0007, 170.6, 1000);
    assert.deepEqual(setsOf(changes), ['yielded4', 'passing4']);
    assert.deepEqual(
      changes.add!.map(({ timeout }) => timeout),
      [170, 170],
    );
    assert.equal(changes.flush, undefined);
  });

  it('never passes on and accepts at once for one address', () => {
    const elements = new HandOverElements();
    elements.yieldTo(one, mac, 1, 200, 1000);
    const changes = elements.acceptFrom(one, mac, 200, 1100);
    assert.equal(changes.flush?.length, 6);
    assert.deepEqual(setsOf(changes), ['passed4']);
    assert.deepEqual(setsOf(elements.yieldTo(one, mac, 2, 200, 1150)), ['yielded4', 'passing4']);
  });

  it('leaves what other addresses have for the rest of its time', () => {
    const elements = new HandOverElements();
    elements.acceptFrom(other, mac, 200, 1000);
    elements.acceptFrom(one, mac, 200, 1050);
    const changes = elements.acceptFrom(one, mac, 200, 1100);
    assert.deepEqual(setsOf(changes), ['passed4', 'passed6', 'passed4']);
    assert.deepEqual(
      changes.add!.map(({ timeout }) => timeout),
      [100, 100, 200],
    );
  });

  it('removes nothing that has timed out, since the kernel would refuse the whole transaction', () => {
    const elements = new HandOverElements();
    elements.acceptFrom(one, mac, 200, 1000);
    assert.deepEqual(elements.end(one, 1200), { add: [] });
    elements.acceptFrom(one, mac, 200, 2000);
    assert.equal(elements.end(one, 2100).flush?.length, 6);
    assert.deepEqual(elements.end(one, 2110), { add: [] });
  });
});
