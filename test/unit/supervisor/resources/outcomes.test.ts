import assert from 'node:assert/strict';
import type { Action } from '../../../../src/core/resources/event.ts';
import type { AgentEnd } from '../../../../src/supervisor/resources/agent-process.ts';
import {
  heartbeatOutcome,
  lsbOutcome,
  ocfOutcome,
  systemdOutcome,
} from '../../../../src/supervisor/resources/outcomes.ts';

const end = (code: number | undefined, output = '', timedOut = false): AgentEnd => ({ code, output, timedOut });
const killed = end(undefined, 'half\n', true);

describe('the end of an agent', () => {
  it('of the OCF means what its exit code says', () => {
    const kinds = (action: Action): string[] =>
      Array.from({ length: 10 }, (_, code) => ocfOutcome(action, end(code)).kind);
    const hard = ['unable', 'unable', 'unable', 'unable', 'unable'];
    assert.deepEqual(kinds('monitor'), ['ok', 'failed', ...hard, 'notRunning', 'ok', 'failed']);
    assert.deepEqual(kinds('probe'), kinds('monitor'));
    assert.deepEqual(kinds('start'), ['ok', 'failed', ...hard, 'failed', 'failed', 'failed']);
    assert.deepEqual(kinds('stop'), ['ok', 'failed', ...hard, 'notRunning', 'failed', 'failed']);
    assert.deepEqual(ocfOutcome('start', killed), { kind: 'timedOut', text: 'it did not end in time: half' });
    assert.equal(ocfOutcome('start', end(undefined)).kind, 'failed');
  });

  it('of the OCF gives the reason that the agent gives', () => {
    const output = 'noise\nocf-exit-reason:No such device\nINFO: more noise\n';
    assert.deepEqual(ocfOutcome('start', end(5, output)), {
      kind: 'unable',
      text: 'something that it needs is not installed (exit code 5): No such device',
    });
    assert.deepEqual(ocfOutcome('monitor', end(1, 'a\nb\n\n')), { kind: 'failed', text: 'exit code 1: b' });
  });

  it('of an init script means something else for status than for anything else', () => {
    const kinds = (action: Action): string[] =>
      Array.from({ length: 9 }, (_, code) => lsbOutcome(action, end(code)).kind);
    assert.deepEqual(kinds('monitor'), ['ok', 'notRunning', 'notRunning', 'notRunning', ...Array(5).fill('failed')]);
    const hard = ['unable', 'unable', 'unable', 'unable', 'unable'];
    assert.deepEqual(kinds('start'), ['ok', 'failed', ...hard, 'failed', 'failed']);
    assert.deepEqual(kinds('stop'), ['ok', 'failed', ...hard, 'notRunning', 'failed']);
    assert.equal(lsbOutcome('monitor', killed).kind, 'timedOut');
  });

  const words: readonly (readonly [string, string])[] = [
    ['running\n', 'ok'],
    ['INFO: Running OK\n', 'ok'],
    ['eth0:1 is OK', 'ok'],
    ['not running', 'notRunning'],
    ['Filesystem is NOT  mounted or running', 'notRunning'],
    ['INFO: Resource is stopped', 'notRunning'],
    ['stopped ok', 'notRunning'],
    ['', 'notRunning'],
  ];
  for (const [output, kind] of words)
    it(`of a script of heartbeat's that says ${JSON.stringify(output)} means ${kind}, whatever its exit code`, () => {
      assert.equal(heartbeatOutcome('monitor', end(0, output)).kind, kind);
      assert.equal(heartbeatOutcome('probe', end(1, output)).kind, kind);
    });

  it("of a script of heartbeat's that starts or stops means what its exit code says", () => {
    assert.equal(heartbeatOutcome('start', end(0, 'not running')).kind, 'ok');
    assert.equal(heartbeatOutcome('stop', end(3, 'running')).kind, 'failed');
    assert.equal(heartbeatOutcome('stop', killed).kind, 'timedOut');
    assert.equal(heartbeatOutcome('monitor', killed).kind, 'timedOut');
  });

  const units: readonly (readonly [string, string, string, string])[] = [
    ['loaded', 'active', 'running', 'ok'],
    ['loaded', 'activating', 'start-pre', 'ok'],
    ['loaded', 'activating', 'auto-restart', 'failed'],
    ['loaded', 'activating', 'auto-restart-queued', 'failed'],
    ['loaded', 'inactive', 'dead', 'notRunning'],
    ['loaded', 'failed', 'failed', 'notRunning'],
    ['loaded', 'deactivating', 'stop-sigterm', 'failed'],
    ['not-found', 'inactive', 'dead', 'unable'],
    ['masked', 'inactive', 'dead', 'unable'],
    // A unit whose file was taken away while it runs.
    ['not-found', 'active', 'running', 'ok'],
  ];
  for (const [load, active, sub, kind] of units)
    it(`of a look at a unit that is ${load} and ${active} (${sub}) means ${kind}`, () => {
      const output = `LoadState=${load}\nActiveState=${active}\nSubState=${sub}\nResult=success\n`;
      assert.equal(systemdOutcome('monitor', end(0, output)).kind, kind);
    });

  it('of a job of systemd means that it could not be done where the unit is not there', () => {
    assert.equal(systemdOutcome('start', end(0)).kind, 'ok');
    assert.equal(systemdOutcome('start', end(1, 'Job for x.service failed')).kind, 'failed');
    assert.equal(systemdOutcome('start', end(5, 'Unit x.service not found.')).kind, 'unable');
  });
});
