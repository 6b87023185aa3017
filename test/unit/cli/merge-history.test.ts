import assert from 'node:assert/strict';
import { mergeHistories, showHistoryEvent } from '../../../src/cli/merge-history.ts';
import type { JournalLine } from '../../../src/wire/journal.ts';

const line = (time: number, node: string, what: string, more: Partial<JournalLine> = {}): JournalLine => ({
  time,
  node,
  what,
  why: `why ${time}`,
  ...more,
});
const told = (lines: readonly JournalLine[]): string[] =>
  mergeHistories(lines).map((event) => showHistoryEvent(event).slice('2026-11-23 12:00:00.000  '.length));

describe('muster history: one out of many', () => {
  it('says from where to where, with the reason of whoever handed over', () => {
    const lines = [
      line(5000, 'node2', 'takeover', { group: 'web' }),
      line(1000, 'node1', 'takeover', { group: 'web' }),
      line(4999, 'node1', 'handover', { group: 'web', peer: 'node2', why: 'an operator moved it to node2' }),
    ];
    assert.deepEqual(told(lines), [
      'web: nowhere -> node1: why 1000',
      'web: node1 -> node2: an operator moved it to node2',
    ]);
  });

  it('says of a failover what the new holder says, and from whom it came', () => {
    const lines = [
      line(1000, 'node1', 'takeover', { group: 'web' }),
      line(9000, 'node3', 'takeover', { group: 'web', why: 'the lease of node1 ran out' }),
      line(9500, 'node3', 'takeover', { group: 'web', why: 'its gate was lost' }),
    ];
    assert.deepEqual(told(lines).slice(1), [
      'web: node1 -> node3: the lease of node1 ran out',
      'node3: takeover web: its gate was lost',
    ]);
  });

  it('says once what several nodes find out at about the same time', () => {
    const dead = { peer: 'node1' };
    const lines = [
      line(100, 'node2', 'node-dead', dead),
      line(150, 'node3', 'node-dead', dead),
      line(160, 'node3', 'quorum-lost'),
      line(170, 'node2', 'quorum-lost'),
      line(9000, 'node2', 'node-dead', dead),
    ];
    assert.deepEqual(told(lines), [
      'node[2-3]: node-dead node1: why 100',
      'node3: quorum-lost: why 160',
      'node2: quorum-lost: why 170',
      'node2: node-dead node1: why 9000',
    ]);
  });

  it('does not hide a hand-over that nobody took', () => {
    const lines = [line(1000, 'node1', 'handover', { group: 'web', peer: 'node2', why: 'this node leaves' })];
    assert.deepEqual(told(lines), ['node1: handover web: this node leaves; nobody is known to have taken it']);
  });
});
