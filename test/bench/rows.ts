/** Figures out of trials, with the goals that they have to meet. */
import type { ByProbe, StepResult } from '../../src/drill/judge.ts';
import type { FaultName } from './faults.ts';
import { faults } from './faults.ts';
import type { Figure, Goal } from './figures.ts';
import type { IdleCost } from './idle-cost.ts';

/** Of datagrams, to the one address that was probed. */
const ofDatagrams = ({ udp, udp6 }: ByProbe): number => udp ?? udp6 ?? Number.POSITIVE_INFINITY;
export const outages = (steps: readonly StepResult[]): number[] => steps.map((step) => ofDatagrams(step.outageMs));
const afterHeals = (steps: readonly StepResult[]): number[] => steps.map((step) => ofDatagrams(step.outageAfterHealMs));

/** Goals of musterd's outage by fault, in milliseconds; a fault that is not here has none. */
const outageGoals: Partial<Record<FaultName, Goal>> = {
  'plug-pull': { median: 250, max: 400 },
  other: { max: 0 },
  switchover: { max: 10 },
};

/** What users lose once more when a fault heals; milliseconds. */
const healGoal: Goal = { max: 100 };

export function musterdFigures(name: string, fault: FaultName, steps: readonly StepResult[]): Figure[] {
  const title = `${name}, ${faults[fault].name}`;
  const figures: Figure[] = [
    { name: `${title}: outage`, unit: 'ms', values: outages(steps), goal: outageGoals[fault] ?? {} },
    { name: `${title}: double holder`, unit: 'ms', values: steps.map((step) => step.doubleHolderMs), goal: { max: 0 } },
  ];
  if (fault === 'switchover') {
    const failed = steps.map((step) => step.failedRequests);
    figures.push({ name: `${title}: failed requests`, unit: '', values: failed, goal: { max: 0 } });
  } else {
    figures.push({ name: `${title}: lost after the heal`, unit: 'ms', values: afterHeals(steps), goal: healGoal });
  }
  return figures;
}

export function fastFigures(steps: readonly StepResult[]): Figure[] {
  const name = 'profile fast, plug-pull';
  return [
    { name: `${name}: outage`, unit: 'ms', values: outages(steps), goal: { median: 100 } },
    { name: `${name}: double holder`, unit: 'ms', values: steps.map((step) => step.doubleHolderMs), goal: { max: 0 } },
  ];
}

/** Two nodes and an arbiter far away; `boundMs` is what `status` says that users may be without service at most. */
export function arbiterFigures(steps: readonly StepResult[], boundMs: number): Figure[] {
  const name = 'two nodes and an arbiter 200 ms away, plug-pull';
  return [
    { name: `${name}: outage`, unit: 'ms', values: outages(steps), goal: { max: boundMs } },
    { name: `${name}: double holder`, unit: 'ms', values: steps.map((step) => step.doubleHolderMs), goal: { max: 0 } },
  ];
}

/** Of others: no goals, only what they are beside. */
export function otherFigures(name: string, fault: FaultName, steps: readonly StepResult[]): Figure[] {
  const title = `${name}, ${faults[fault].name}`;
  const doubles = steps.map((step) => step.doubleHolderMs);
  return [
    { name: `${title}: outage`, unit: 'ms', values: outages(steps), goal: {} },
    { name: `${title}: double holder`, unit: 'ms', values: doubles, goal: {} },
    { name: `${title}: lost after the heal`, unit: 'ms', values: afterHeals(steps), goal: {} },
  ];
}

export function idleFigures(costs: readonly IdleCost[], holder: string): Figure[] {
  const held = costs.filter(({ node }) => node === holder);
  const ratio = ({ cpuPercent, bareCpuPercent }: IdleCost): number => cpuPercent / bareCpuPercent;
  return [
    {
      name: 'idle: CPU, times a bare loop of the same beats',
      unit: '',
      values: costs.map(ratio),
      goal: { median: 1.5 },
    },
    { name: 'idle: the same, of the holder alone', unit: '', values: held.map(ratio), goal: {} },
    {
      name: 'idle: CPU of musterd and its helpers',
      unit: '% of a core',
      values: costs.map((cost) => cost.cpuPercent),
      goal: {},
    },
    {
      name: 'idle: CPU of the bare loop',
      unit: '% of a core',
      values: costs.map((cost) => cost.bareCpuPercent),
      goal: {},
    },
    {
      name: 'idle: RSS of musterd above a bare Node process',
      unit: 'MB',
      values: costs.map((cost) => cost.rssMb - cost.bareRssMb),
      goal: { max: 20 },
    },
    {
      // Two processes of one interpreter: their RSS counts what they share twice, their PSS (below) does not.
      name: 'idle: the same, with the RSS of its two helpers',
      unit: 'MB',
      values: costs.map((cost) => cost.rssMb + cost.helpersRssMb - cost.bareRssMb),
      goal: { max: 20 },
    },
    { name: 'idle: PSS of the helpers', unit: 'MB', values: costs.map((cost) => cost.helpersPssMb), goal: {} },
  ];
}
