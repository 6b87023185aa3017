/** The drill's report as one HTML file that needs nothing else: no script, no font, no image from elsewhere. Pure. */
import type { DrillResult, StepResult } from './judge.ts';
import type { Observations } from './observation.ts';
import type { ReportFacts } from './report-facts.ts';
import { showOutage, showPhases } from './report-summary.ts';
import { escapeHtml, timeline } from './report-timeline.ts';

// Colours that are told apart with the common kinds of colour blindness (Okabe and Ito), and hold on both grounds.
const nodeColours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#b8a900'];

const style = `
:root { color-scheme: light dark; --ground: #fff; --text: #1c1e21; --quiet: #667; --line: #d8dbe0; --track: #f0f1f3;
  --lost: #d3222a; --good: #1a7f37; --served: #8a919c; }
@media (prefers-color-scheme: dark) { :root { --ground: #15171a; --text: #e4e6ea; --quiet: #9aa0aa; --line: #33373d;
  --track: #22252a; --lost: #ff5c5c; --good: #4cc46a; --served: #7b8390; } }
body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem; }
p { margin: .3rem 0; } .quiet { color: var(--quiet); }
.verdict { font-size: 1.2rem; font-weight: 600; } .passed { color: var(--good); } .failed { color: var(--lost); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: left; white-space: nowrap; }
th { font-weight: 600; color: var(--quiet); }
svg { display: block; width: 100%; min-width: 40rem; height: auto; margin: .5rem 0; }
svg text { font: 11px system-ui, sans-serif; fill: var(--text); } svg .axis { fill: var(--quiet); text-anchor: middle; }
.track { fill: var(--track); } .lost { fill: var(--lost); } .served { fill: var(--served); } .other { fill: var(--quiet); }
.grid { stroke: var(--line); stroke-width: .5; } .fault { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 4 3; }
.key span { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px; }
${nodeColours.map((colour, index) => `.n${index} { fill: ${colour}; } .k${index} { background: ${colour}; }`).join('\n')}
.klost { background: var(--lost); } .kserved { background: var(--served); }
`;

const row = (cells: readonly string[], tag: 'td' | 'th' = 'td'): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;

function stepTable(result: DrillResult): string {
  const head = [
    '',
    'node',
    'held the address',
    'outage (udp)',
    'outage (http)',
    'failed requests',
    'double holder',
    '',
  ];
  const rows = result.steps.map((step, index) =>
    row([
      String(index + 1),
      step.node,
      step.node === step.holderBefore ? 'yes' : `no (${step.holderBefore ?? 'nobody'} did)`,
      showOutage(step, 'udp'),
      showOutage(step, 'http'),
      `${step.failedRequests} of ${step.requests}`,
      `${step.doubleHolderMs.toFixed(0)} ms`,
      step.passed ? 'passed' : 'failed',
    ]),
  );
  return `<div class="scroll"><table><thead>${row(head, 'th')}</thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function failureText(step: StepResult): string {
  const kinds = Object.entries(step.failures).map(([why, times]) => `${times} times ${why}`);
  return kinds.length === 0 ? '' : `Failed requests: ${kinds.join(', ')}. `;
}

function stepSection(step: StepResult, index: number, seen: Observations, facts: ReportFacts): string {
  const around = {
    fromMs: Math.max(step.startMs, step.injectedMs - 200),
    toMs: Math.min(step.endMs, step.injectedMs + Math.max(800, 2 * Math.max(0, ...Object.values(step.outageMs)))),
  };
  const phases = showPhases(step.phases);
  const said = [
    ...step.reasons,
    ...(phases === '' || step.node !== step.holderBefore ? [] : [phases]),
    `${failureText(step)}Slowest request that succeeded: ${step.slowestRequestMs.toFixed(0)} ms. Held then by ${step.holderAfter ?? 'nobody'}.`,
  ];
  return `<h2>${index + 1}. ${escapeHtml(step.scenario)} of ${escapeHtml(step.node)}:
<span class="${step.passed ? 'passed' : 'failed'}">${step.passed ? 'passed' : 'failed'}</span></h2>
${said.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')}
<p class="quiet">Around the fault (dashed line):</p>
<div class="scroll">${timeline(step, seen, facts, around)}</div>
<p class="quiet">The whole step, until the cluster was whole again:</p>
<div class="scroll">${timeline(step, seen, facts, { fromMs: step.startMs, toMs: step.endMs })}</div>`;
}

export function reportHtml(result: DrillResult, seen: Observations, facts: ReportFacts): string {
  const key = [
    ...facts.nodes.map((node, index) => `<span class="k${index % 6}"></span>${escapeHtml(node)}`),
    '<span class="kserved"></span>request served',
    '<span class="klost"></span>no answer',
  ].join('');
  const holders =
    result.doubleHolderMs > 0
      ? `Two nodes held the address at once for ${result.doubleHolderMs.toFixed(0)} ms.`
      : 'Never did two nodes hold the address at once.';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Drill of ${escapeHtml(facts.cluster)}: ${result.verdict}</title><style>${style}</style></head><body>
<h1>Drill of ${escapeHtml(facts.cluster)}, ${escapeHtml(facts.address)}</h1>
<p class="quiet">${escapeHtml(facts.startedAt)}, muster ${escapeHtml(facts.version)}</p>
<p class="verdict ${result.verdict}">${result.verdict}: longest outage ${result.worstOutageMs.toFixed(0)} ms, bound ${result.boundMs} ms</p>
<p>${holders} ${result.failedRequests} requests failed in all steps together.</p>
${stepTable(result)}
<p class="key">Colours:${key}</p>
${result.steps.map((step, index) => stepSection(step, index, seen, facts)).join('\n')}
<h2>How it was measured</h2>
<p>From a client in the nodes' own network: every 5 ms a numbered datagram to a port that is never balanced, and every
5 ms a new HTTP connection. An outage is the time between the last success before a failure and the first after it, less
one interval; &plusmn; is what sampling leaves open. The witness asks every node each 10 ms, by ARP and by an echo
request addressed to that node's own MAC, and notes whose MAC answers: two nodes count as holders at once where both
answered for certain in one instant.</p>
</body></html>
`;
}
