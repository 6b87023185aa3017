import assert from 'node:assert/strict';
import { type Progress, startsAfter, stopsAfter } from '../../../../src/core/placing/order.ts';
import { noPlacement, type Placement } from '../../../../src/model/placement.ts';

const placement = (strict: boolean): Placement => ({
  ...noPlacement,
  rules: [
    { kind: 'apart', groups: ['web', 'db'], strict: true },
    { kind: 'order', groups: ['disk', 'db', 'web'], strict },
  ],
});
const seen =
  (what: Readonly<Record<string, Progress>>) =>
  (group: string): Progress =>
    what[group] ?? 'down';

describe('order between groups', () => {
  it('waits for everybody before it who is about to run', () => {
    assert.equal(startsAfter(placement(false), 'web', seen({ disk: 'running', db: 'starting' })), 'db');
    assert.equal(startsAfter(placement(false), 'web', seen({ disk: 'starting', db: 'running' })), 'disk');
    assert.equal(startsAfter(placement(false), 'disk', seen({ db: 'starting' })), undefined);
  });

  it('waits for who is down only where it is strict', () => {
    assert.equal(startsAfter(placement(false), 'web', seen({})), undefined);
    assert.equal(startsAfter(placement(true), 'web', seen({ disk: 'running' })), 'db');
    assert.equal(startsAfter(placement(true), 'web', seen({ disk: 'running', db: 'running' })), undefined);
  });

  it('stops only once everybody behind it is down', () => {
    assert.equal(stopsAfter(placement(false), 'disk', seen({ db: 'running', web: 'running' })), 'db');
    assert.equal(stopsAfter(placement(false), 'disk', seen({ web: 'starting' })), 'web');
    assert.equal(stopsAfter(placement(false), 'disk', seen({})), undefined);
    assert.equal(stopsAfter(placement(false), 'web', seen({ db: 'running' })), undefined);
  });
});
