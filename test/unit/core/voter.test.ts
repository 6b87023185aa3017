import assert from 'node:assert/strict';
import type { Ballot } from '../../../src/core/message.ts';
import { emptySlot, judgePrepare, judgePropose, noteRelease, type VoterSlot } from '../../../src/core/voter.ts';

const incarnation = '0'.repeat(32);
const ballot = (round: number, node: string): Ballot => ({ round, node, incarnation });

/** A voter that has granted node1 a lease of 200 ms at time 1000. */
function granted(): VoterSlot {
  const slot = emptySlot();
  assert.ok(judgePrepare(slot, ballot(1, 'node1'), undefined, 999).ok);
  assert.ok(judgePropose(slot, ballot(1, 'node1'), 200, 1000).ok);
  return slot;
}

describe('voter', () => {
  it('promises nothing to others while a lease lives, and says who holds it for how long', () => {
    const slot = granted();
    const verdict = judgePrepare(slot, ballot(2, 'node2'), undefined, 1050);
    assert.deepEqual(verdict, { ok: false, round: 1, holder: 'node1', remaining: 150 });
    assert.ok(judgePropose(slot, ballot(1, 'node1'), 200, 1060).ok, 'the holder is not starved by the attempt');
  });

  it('promises to anybody at the instant at which the lease is over, not before', () => {
    assert.ok(!judgePrepare(granted(), ballot(2, 'node2'), undefined, 1199.9).ok);
    assert.ok(judgePrepare(granted(), ballot(2, 'node2'), undefined, 1200).ok);
  });

  it('promises a newer ballot to the holder itself', () => {
    assert.ok(judgePrepare(granted(), ballot(5, 'node1'), undefined, 1050).ok);
  });

  it('takes another incarnation of the holder for somebody else, as a cloned machine is', () => {
    const clone = { ...ballot(5, 'node1'), incarnation: 'f'.repeat(32) };
    assert.ok(!judgePrepare(granted(), clone, undefined, 1050).ok);
    assert.ok(judgePrepare(granted(), clone, undefined, 1200).ok);
  });

  it('accepts nothing older than what it has promised', () => {
    const slot = granted();
    assert.ok(judgePrepare(slot, ballot(2, 'node2'), undefined, 1300).ok);
    assert.ok(!judgePropose(slot, ballot(1, 'node1'), 200, 1301).ok);
    assert.ok(!judgePrepare(slot, ballot(1, 'node3'), undefined, 1301).ok);
    assert.ok(judgePropose(slot, ballot(2, 'node2'), 200, 1302).ok);
  });

  it('keeps a released lease for its target until it would have run out', () => {
    const slot = granted();
    noteRelease(slot, ballot(1, 'node1'), 'node2');
    assert.ok(!judgePrepare(slot, ballot(2, 'node3'), undefined, 1100).ok);
    assert.ok(judgePrepare(slot, ballot(2, 'node2'), undefined, 1100).ok);
  });

  it('learns of a release from the target, where the release itself was lost', () => {
    const slot = granted();
    assert.ok(judgePrepare(slot, ballot(2, 'node2'), ballot(1, 'node1'), 1100).ok);
  });

  it('is not moved by the release of another ballot', () => {
    const slot = granted();
    noteRelease(slot, { ...ballot(1, 'node1'), incarnation: 'f'.repeat(32) }, 'node2');
    assert.ok(!judgePrepare(slot, ballot(3, 'node2'), undefined, 1100).ok);
  });

  it('accepts nothing that a holder had asked for before it released', () => {
    const slot = granted();
    noteRelease(slot, ballot(1, 'node1'), undefined);
    assert.ok(!judgePropose(slot, ballot(1, 'node1'), 200, 1100).ok);
    assert.ok(judgePrepare(slot, ballot(2, 'node3'), undefined, 1100).ok, 'released to whoever comes first');
  });
});
