import assert from 'node:assert/strict';
import { judge } from '../../../src/drill/judge.ts';
import { collect } from '../../../src/drill/observation.ts';
import { observed, plugPull, settings } from './records.ts';

describe('the judge of a drill', () => {
  it('passes an outage within the bound and says its length by probe', () => {
    const result = judge([plugPull], observed(1000, 1200), settings);
    const [step] = result.steps;
    assert.equal(result.verdict, 'passed');
    assert.deepEqual(step?.outageMs, { udp: 205, http: 205 });
    assert.deepEqual(step?.outageAfterHealMs, { udp: 0, http: 0 });
    assert.equal(step?.failedRequests, 41);
    assert.deepEqual(step?.failures, { 'timed out': 41 });
    assert.equal(step?.doubleHolderMs, 0);
    assert.equal(result.worstOutageMs, 205);
  });

  it('sees the phases of a takeover on the wire, from the injection on', () => {
    const phases = judge([plugPull], observed(1010, 1200), settings).steps[0]?.phases;
    assert.ok(Math.abs(phases!.silent! - 0.1) < 0.001);
    assert.ok(Math.abs(phases!.takenOver! - 200.1) < 0.001);
    assert.equal(phases?.announced, 204);
    assert.equal(phases?.reached, 205);
  });

  it('judges a group that has no IPv4 address by its IPv6 one', () => {
    const { datagrams, witness, announcements } = observed(1000, 1200);
    const seen = collect([
      ...datagrams.map((probe) => ({ ...probe, version: 6 as const })),
      ...witness.map((answer) => ({ ...answer, what: answer.what === 'arp' ? ('nd' as const) : ('echo6' as const) })),
      ...announcements,
    ]);
    const { verdict, steps } = judge([plugPull], seen, settings);
    assert.deepEqual([verdict, steps[0]?.outageMs, steps[0]?.phases.reached], ['passed', { udp6: 205 }, 205]);
  });

  it('fails an outage beyond the bound, and says so', () => {
    const result = judge([plugPull], observed(1000, 1600), settings);
    assert.equal(result.verdict, 'failed');
    assert.match(result.steps[0]!.reasons.join('\n'), /udp was out for 605 ms, bound 500 ms/);
  });

  it('fails two holders, however short the outage', () => {
    const result = judge([plugPull], observed(1300, 1200), settings);
    assert.equal(result.verdict, 'failed');
    assert.ok(result.doubleHolderMs >= 80 && result.doubleHolderMs <= 100, String(result.doubleHolderMs));
    assert.match(result.steps[0]!.reasons.join('\n'), /two nodes held the address/);
  });

  it('fails a service that does not come back', () => {
    const result = judge([plugPull], observed(1000, 9000), settings);
    assert.equal(result.verdict, 'failed');
    assert.match(result.steps[0]!.reasons.join('\n'), /no answer any more/);
  });

  it('counts what is lost when the node returns apart', () => {
    const step = { ...plugPull, injectedMs: 500, healedMs: 900 };
    const result = judge([step], observed(1000, 1200), settings);
    assert.deepEqual(result.steps[0]?.outageAfterHealMs, { udp: 205, http: 205 });
  });

  it('fails a step after which the cluster was not whole again', () => {
    const step = { ...plugPull, stillWrong: ['node1 does not answer: timed out'] };
    const result = judge([step], observed(1000, 1200), settings);
    assert.equal(result.verdict, 'failed');
    assert.deepEqual(result.steps[0]?.reasons, ['not whole again: node1 does not answer: timed out']);
  });

  it('fails a fault that nobody should have felt: a missed datagram, an address that moved', () => {
    const step = { ...plugPull, undisturbed: true };
    const [felt] = judge([step], observed(1000, 1200), settings).steps;
    assert.equal(felt?.passed, false);
    assert.match(felt!.reasons.join('\n'), /moved from node1 to node2/);
    assert.match(felt!.reasons.join('\n'), /udp was out for 205 ms, and nobody should have felt it/);
    const calm = { ...step, holderAfter: 'node1' };
    const [passed] = judge([calm], observed(9000, 9000), settings).steps;
    assert.deepEqual(passed?.reasons, []);
    assert.equal(passed?.phases.silent, null, 'it answered to the end');
  });

  it('never passes without probes, nor without steps', () => {
    assert.equal(judge([plugPull], collect([]), settings).verdict, 'failed');
    assert.equal(judge([], observed(1000, 1200), settings).verdict, 'failed');
  });

  it('leaves a probe out that did not run', () => {
    const seen = { ...observed(1000, 1200), requests: [] };
    assert.deepEqual(judge([plugPull], seen, settings).steps[0]?.outageMs, { udp: 205 });
  });
});
