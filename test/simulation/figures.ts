import type { Tally } from './job.ts';

/** What the simulation has to do at least, per minute of one processor. */
export const goals = { clusterHours: 10, faults: 1000 };

/** What a run came to. */
export interface Figures {
  readonly seeds: number;
  readonly clusterHours: number;
  readonly faults: number;
  readonly steps: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Per minute and core: of plain clusters (3 nodes, beats every 50 ms; undefined where there were none), and faults of all. */
  readonly clusterHoursPerMinute: number | undefined;
  readonly faultsPerMinute: number;
  readonly stepsPerSecond: number;
  readonly met: boolean;
}

export function figuresOf(tally: Tally, wallMs: number): Figures {
  const { simulated, cpu } = tally.plain;
  const clusterHoursPerMinute = cpu === 0 ? undefined : simulated / 3_600_000 / (cpu / 60_000);
  const faultsPerMinute = tally.cpu === 0 ? 0 : tally.faults / (tally.cpu / 60_000);
  return {
    seeds: tally.runs,
    clusterHours: tally.simulated / 3_600_000,
    faults: tally.faults,
    steps: tally.steps,
    cpuSeconds: tally.cpu / 1000,
    wallSeconds: wallMs / 1000,
    clusterHoursPerMinute,
    faultsPerMinute,
    stepsPerSecond: tally.cpu === 0 ? 0 : tally.steps / (tally.cpu / 1000),
    met: (clusterHoursPerMinute ?? goals.clusterHours) >= goals.clusterHours && faultsPerMinute >= goals.faults,
  };
}

export function showFigures(figures: Figures, failures: number): string {
  const { seeds, clusterHours, faults, steps, cpuSeconds, wallSeconds } = figures;
  const count = (value: number): string => Math.round(value).toLocaleString('en');
  const goal = (value: number, least: number): string => `(goal ${count(least)}: ${value >= least ? 'met' : 'MISSED'})`;
  const hours = (value: number | undefined): string =>
    value === undefined
      ? ''
      : `${value.toFixed(1)} cluster-hours of 3 nodes with beats every 50 ms ${goal(value, goals.clusterHours)}, `;
  return [
    `${count(seeds)} seeds, ${clusterHours.toFixed(1)} cluster-hours, ${count(faults)} faults, ${count(steps)} steps in ` +
      `${wallSeconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor): ` +
      (failures === 0 ? 'no invariant broken' : `${failures} seeds broke an invariant`),
    `per minute and core: ${hours(figures.clusterHoursPerMinute)}${count(figures.faultsPerMinute)} faults ${goal(figures.faultsPerMinute, goals.faults)}; ` +
      `${count(figures.stepsPerSecond)} steps a second`,
  ].join('\n');
}
