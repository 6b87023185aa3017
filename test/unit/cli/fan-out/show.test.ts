import assert from 'node:assert/strict';
import type { HostRecord } from '../../../../src/cli/fan-out/host-record.ts';
import { highestCode } from '../../../../src/cli/fan-out/host-record.ts';
import { fileNameOf } from '../../../../src/cli/fan-out/log-files.ts';
import { progressLine } from '../../../../src/cli/fan-out/screen.ts';
import { Prefixer } from '../../../../src/cli/fan-out/stream-view.ts';
import { errorLines, summaryLines } from '../../../../src/cli/fan-out/summary.ts';
import { alignedTable } from '../../../../src/cli/fan-out/table-view.ts';

function record(host: string, changes: Partial<HostRecord> = {}): HostRecord {
  const end = { rc: 0, signal: null, timedOut: false, error: undefined, hint: undefined };
  return { host, state: 'ok', seconds: 1, ...end, ...changes };
}
const lost = (host: string): HostRecord =>
  record(host, {
    state: 'unreachable',
    rc: null,
    error: `Cannot reach host "${host}" as sshd must answer on 10.0.0.${host.at(-1)}:22: no answer`,
  });

describe('what is said of many hosts', () => {
  it('says an error once for all that have it', () => {
    const lines = errorLines([lost('n1'), record('n2'), lost('n3')], (host) => `10.0.0.${host.at(-1)}:22`);
    assert.deepEqual(lines, ['n[1,3] (2): Cannot reach host <host> as sshd must answer on <address>: no answer']);
    const [one] = errorLines([lost('n1')], () => undefined);
    assert.equal(one, 'n1: Cannot reach host "n1" as sshd must answer on 10.0.0.1:22: no answer');
  });

  it('counts the states that are not ok, with how they ended', () => {
    const failed = (host: string, rc: number): HostRecord => record(host, { state: 'failed', rc });
    const late = record('n4', { state: 'failed', rc: null, signal: 'SIGTERM', timedOut: true });
    const records = [failed('n1', 1), failed('n2', 1), failed('n3', 2), late, lost('n5'), record('n6')];
    assert.deepEqual(summaryLines(records), [
      '4 of 6 failed: n[1-2] (exit code 1), n3 (exit code 2), n4 (timed out)',
      '1 of 6 unreachable: n5',
    ]);
    assert.deepEqual(summaryLines([record('n1')]), []);
    assert.equal(highestCode(records), 255);
    assert.equal(highestCode([failed('n1', 3), failed('n2', 2)]), 3);
  });

  it('puts the host before each line, wherever the output is cut', () => {
    const prefixer = new Prefixer('n1: ');
    const pieces = ['a', 'b\nc', '\n\n', 'd'].map((text) => prefixer.push(Buffer.from(text)).toString());
    assert.equal(pieces.join('') + prefixer.end().toString(), 'n1: ab\nn1: c\nn1: \nn1: d\n');
    assert.equal(prefixer.end().length, 0);
  });

  it('does not wait for ever for the end of a line', () => {
    const prefixer = new Prefixer('n1: ');
    const first = prefixer.push(Buffer.alloc(200_000, 0x61));
    assert.ok(first.length > 180_000);
    const all = first.toString() + prefixer.end().toString();
    assert.equal(all.replaceAll('n1: ', '').replaceAll('\n', '').length, 200_000);
  });

  it('shows in one line who is missing', () => {
    assert.equal(progressLine(9, ['n4', 'n5', 'n6'], 72, 80), '[6/9] 1:12 missing n[4-6]');
    assert.equal(progressLine(9, ['n4', 'n5', 'n6'], 72, 20).length, 19);
  });

  it('aligns a table, and cuts its last column', () => {
    assert.deepEqual(
      alignedTable(
        ['A', 'B'],
        [
          ['long', 'x'],
          ['s', 'yyyyyyyy'],
        ],
        10,
      ),
      ['A     B', 'long  x', 's     yyy…'],
    );
  });

  it('names log files after hosts without leaving the folder', () => {
    assert.deepEqual(['node1', '../x', '..', 'a/b', '10.0.0.1'].map(fileNameOf), [
      'node1',
      '..%2Fx',
      '%2E%2E',
      'a%2Fb',
      '10.0.0.1',
    ]);
  });
});
