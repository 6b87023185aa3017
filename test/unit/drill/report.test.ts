import assert from 'node:assert/strict';
import { judge } from '../../../src/drill/judge.ts';
import { reportHtml } from '../../../src/drill/report-html.ts';
import { reportJson } from '../../../src/drill/report-json.ts';
import { summary } from '../../../src/drill/report-summary.ts';
import { nodes, observed, plugPull, settings } from './records.ts';

const facts = {
  cluster: 'lab <1>',
  address: '10.77.0.100',
  startedAt: '2026-01-02T03:04:05.000Z',
  version: '0.1.0',
  nodes,
  nodeOfMac: settings.nodeOfMac,
};
const seen = observed(1000, 1200);
const passed = judge([plugPull, { ...plugPull, node: 'node3', holderAfter: 'node1' }], seen, settings);
const failed = judge([plugPull], observed(1300, 1200), settings);

describe('the report of a drill', () => {
  it('says outages, failed requests, double holders and the verdict in JSON', () => {
    const json = JSON.parse(reportJson(passed, facts));
    assert.equal(json.verdict, 'passed');
    assert.equal(json.steps.length, 2);
    const { scenario, node, outageMs, failedRequests, doubleHolderMs } = json.steps[0];
    assert.deepEqual(
      { scenario, node, outageMs, failedRequests, doubleHolderMs },
      {
        scenario: 'plug-pull',
        node: 'node1',
        outageMs: { udp: 205, http: 205 },
        failedRequests: 41,
        doubleHolderMs: 0,
      },
    );
    assert.equal(JSON.parse(reportJson(failed, facts)).verdict, 'failed');
  });

  it('is one HTML file that loads nothing and escapes what it quotes', () => {
    const html = reportHtml(passed, seen, facts);
    assert.match(html, /^<!doctype html>/);
    assert.doesNotMatch(html, /<script|<link|@import|url\(|src=|href=/);
    assert.match(html, /Drill of lab &lt;1&gt;/);
    assert.match(html, /prefers-color-scheme: dark/);
    assert.equal(html.match(/<svg/g)?.length, 4);
    assert.equal(html.match(/<svg/g)?.length, html.match(/<\/svg>/g)?.length);
    assert.doesNotMatch(html, /NaN|undefined|Infinity/);
    assert.ok(html.length < 400_000, `${html.length} characters`);
  });

  it('draws the outage in red, and each node in its own colour', () => {
    const html = reportHtml(passed, seen, facts);
    assert.match(html, /class="lost"[^>]*><title>no answer, 0 to 205 ms/);
    assert.match(html, /class="n0"[^>]*><title>answered by node1/);
    assert.match(html, /class="n1"[^>]*><title>answered by node2/);
  });

  it('ends with the verdict on the terminal', () => {
    const lines = summary(passed).split('\n');
    assert.match(lines[1]!, /^node1 \(holder\)\s+plug-pull\s+205 ms ±5\s+205 ms ±5\s+41 of 1000\s+0 ms\s+passed$/);
    assert.match(lines.at(-1)!, /^passed: longest outage 205 ms, bound 500 ms, never two holders$/);
    assert.match(summary(failed), /failed: .*two holders for \d+ ms$/);
  });
});
