import assert from 'node:assert/strict';
import { newWatched, noteResult, runnerOf } from '../../../src/core/monitoring.ts';
import type { Monitor } from '../../../src/model/monitors.ts';

type Rules = Pick<Monitor, 'alertAfter' | 'alertEvery' | 'upAlert' | 'depends'>;
const usual: Rules = {
  alertAfter: { failures: 1, within: undefined },
  alertEvery: undefined,
  upAlert: true,
  depends: [],
};
const well = (): boolean => false;

/** What is told of a series of results, one a second: `+` is well, `-` has failed. */
function told(results: string, rules: Partial<Rules> = {}, failing: (name: string) => boolean = well): string {
  const watched = newWatched();
  return [...results]
    .map((result, index) => noteResult(watched, { ...usual, ...rules }, result === '+', failing, index * 1000))
    .map((what) => (what === 'alert' ? '!' : what === 'up' ? 'u' : '.'))
    .join('');
}

describe('when a monitor alerts', () => {
  it('at its first failure, once, and when it is well again', () => assert.equal(told('+--+-+'), '.!.u!u'));
  it('after so many failures in a row', () => {
    assert.equal(told('--+---+', { alertAfter: { failures: 3, within: undefined } }), '.....!u');
  });
  it('after so many within a time, whatever comes between', () => {
    const alertAfter = { failures: 3, within: 5000 };
    assert.equal(told('-+-+-', { alertAfter }), '....!');
    assert.equal(told('-++-++-', { alertAfter }), '.......');
  });
  it('again after a time while it fails', () => {
    assert.equal(told('------+', { alertEvery: 2000 }), '!.!.!.u');
  });
  it('not when it is well, where nobody wants that', () => assert.equal(told('-+', { upAlert: false }), '!.'));
  it('never while what it depends on fails, and then if it still does', () => {
    let down = true;
    const watched = newWatched();
    const rules = { ...usual, depends: ['r/gateway'] };
    const failing = (name: string): boolean => name === 'r/gateway' && down;
    assert.equal(noteResult(watched, rules, false, failing, 0), undefined);
    assert.equal(watched.heldBackBy, 'r/gateway');
    assert.equal(noteResult(watched, rules, true, failing, 1), undefined, 'nobody knew of it');
    assert.equal(noteResult(watched, rules, false, failing, 2), undefined);
    down = false;
    assert.equal(noteResult(watched, rules, false, failing, 3), 'alert');
  });
});

describe('who looks', () => {
  const seen = {
    quorate: true,
    nodes: ['node2', 'node3'],
    holders: new Map([
      ['web', 'node3'],
      ['db', null],
    ]),
  };
  it('is the first that is there, or who holds a group, and nobody without a majority', () => {
    assert.equal(runnerOf({ runBy: undefined }, seen), 'node2');
    assert.equal(runnerOf({ runBy: 'web' }, seen), 'node3');
    assert.equal(runnerOf({ runBy: 'db' }, seen), undefined);
    assert.equal(runnerOf({ runBy: undefined }, { ...seen, quorate: false }), undefined);
  });
});
