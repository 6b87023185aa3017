/** The drill's result as text for a terminal. Pure. */
import type { DrillResult, Phases, ProbeName, StepResult } from './judge.ts';

const ms = (value: number): string => `${value < 10 && value > 0 ? value.toFixed(1) : value.toFixed(0)} ms`;

/** `312 ms ±5`; `0 ms` where there was no outage; `-` for a probe that did not run. */
export function showOutage(step: StepResult, probe: ProbeName): string {
  const value = step.outageMs[probe];
  if (value === undefined) return '-';
  return value === 0 ? '0 ms' : `${ms(value)} ±${(step.uncertaintyMs[probe] ?? 0).toFixed(0)}`;
}

/** `silent after 2 ms, taken over after 212 ms, ...`, as far as it was seen. */
export function showPhases(phases: Phases): string {
  const words: readonly [keyof Phases, string][] = [
    ['silent', 'last answer after'],
    ['takenOver', 'taken over after'],
    ['announced', 'announced after'],
    ['reached', 'clients served after'],
  ];
  return words.flatMap(([phase, text]) => (phases[phase] === null ? [] : [`${text} ${ms(phases[phase])}`])).join(', ');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Table of all steps, what happened in each, and the verdict in the last line. */
export function summary(result: DrillResult): string {
  const six = result.steps.some((step) => step.outageMs.udp6 !== undefined);
  const rows = result.steps.map((step) => [
    step.node === step.holderBefore ? `${step.node} (holder)` : step.node,
    step.scenario,
    showOutage(step, 'udp'),
    ...(six ? [showOutage(step, 'udp6')] : []),
    showOutage(step, 'http'),
    `${step.failedRequests} of ${step.requests}`,
    ms(step.doubleHolderMs),
    step.passed ? 'passed' : 'failed',
  ]);
  const head = [
    'node',
    'scenario',
    'outage (udp)',
    ...(six ? ['outage (udp6)'] : []),
    'outage (http)',
    'failed requests',
    'double holder',
    '',
  ];
  const notes = result.steps.flatMap((step) => {
    const phases = step.node === step.holderBefore ? showPhases(step.phases) : '';
    return [
      ...(phases === '' ? [] : [`${step.node}: ${phases}`]),
      ...step.reasons.map((why) => `${step.node}: ${why}`),
    ];
  });
  const verdict =
    result.verdict === 'passed'
      ? `passed: longest outage ${ms(result.worstOutageMs)}, bound ${ms(result.boundMs)}, never two holders`
      : `failed: longest outage ${ms(result.worstOutageMs)}, bound ${ms(result.boundMs)}, two holders for ${ms(result.doubleHolderMs)}`;
  return [table([head, ...rows]), ...notes, verdict].join('\n');
}
