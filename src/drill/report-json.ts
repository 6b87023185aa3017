/** The drill's result for programs. Pure. */
import type { DrillResult, StepResult } from './judge.ts';
import type { ReportFacts } from './report-facts.ts';

const round = (value: number): number => Math.round(value * 10) / 10;
const roundAll = <T extends Record<string, number | null | undefined>>(values: T): T =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'number' ? round(value) : value]),
  ) as T;

/** Times in a step count from the injection. */
function stepJson(step: StepResult, facts: ReportFacts) {
  return {
    scenario: step.scenario,
    node: step.node,
    holderBefore: step.holderBefore,
    holderAfter: step.holderAfter,
    passed: step.passed,
    reasons: step.reasons,
    outageMs: roundAll({ ...step.outageMs }),
    uncertaintyMs: roundAll({ ...step.uncertaintyMs }),
    outageAfterHealMs: roundAll({ ...step.outageAfterHealMs }),
    requests: step.requests,
    failedRequests: step.failedRequests,
    failures: step.failures,
    slowestRequestMs: round(step.slowestRequestMs),
    doubleHolderMs: round(step.doubleHolderMs),
    doubleHoldings: step.doubleHoldings.map(({ fromMs, toMs, macs, what }) => ({
      nodes: macs.map((mac) => facts.nodeOfMac[mac] ?? mac),
      answered: what,
      fromMs: round(fromMs - step.injectedMs),
      toMs: round(toMs - step.injectedMs),
    })),
    phasesMs: roundAll({ ...step.phases }),
    healedAfterMs: round(step.healedMs - step.injectedMs),
    endedAfterMs: round(step.endMs - step.injectedMs),
  };
}

/** Ends with a line feed. */
export function reportJson(result: DrillResult, facts: ReportFacts): string {
  const { verdict, boundMs, worstOutageMs, failedRequests, doubleHolderMs } = result;
  const whole = {
    cluster: facts.cluster,
    address: facts.address,
    startedAt: facts.startedAt,
    version: facts.version,
    verdict,
    boundMs,
    worstOutageMs: round(worstOutageMs),
    failedRequests,
    doubleHolderMs: round(doubleHolderMs),
    steps: result.steps.map((step) => stepJson(step, facts)),
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}
