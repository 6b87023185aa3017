import { readFileSync } from 'node:fs';
import { type Core, realCore } from './core.ts';
import { defects } from './defects.ts';
import { withDefect } from './mutant.ts';
import type { Plan } from './plan.ts';
import { readRegression } from './regression.ts';
import { findViolation, planOf, simulatePlan } from './simulate.ts';

/** What one process is asked to do next. */
export type Job =
  | { readonly kind: 'seeds'; readonly first: number; readonly count: number; readonly resources?: boolean }
  | { readonly kind: 'defect'; readonly name: string; readonly seeds: number };

export interface Failure {
  readonly seed: number;
  readonly violation: string;
}

/** What a number of seeds came to. All times in milliseconds; `cpu` is the processor's. */
export interface Tally {
  runs: number;
  simulated: number;
  faults: number;
  steps: number;
  cpu: number;
  /** Of that, what clusters took that are as plain as the goal says: 3 nodes, beats every 50 ms. */
  plain: { simulated: number; cpu: number };
  readonly failures: Failure[];
}

export type Done =
  | { readonly kind: 'seeds'; readonly tally: Tally }
  | { readonly kind: 'defect'; readonly name: string; readonly found: Failure | undefined; readonly cpu: number };

export function emptyTally(): Tally {
  return { runs: 0, simulated: 0, faults: 0, steps: 0, cpu: 0, plain: { simulated: 0, cpu: 0 }, failures: [] };
}

export function addTally(sum: Tally, more: Tally): void {
  sum.runs += more.runs;
  sum.simulated += more.simulated;
  sum.faults += more.faults;
  sum.steps += more.steps;
  sum.cpu += more.cpu;
  sum.plain.simulated += more.plain.simulated;
  sum.plain.cpu += more.plain.cpu;
  sum.failures.push(...more.failures);
}

/** The longest that a planted defect may take to be found, in milliseconds of processor time. */
export const defectPatience = 60_000;

export async function perform(job: Job): Promise<Done> {
  if (job.kind === 'seeds') return { kind: 'seeds', tally: runSeeds(job.first, job.count, job.resources === true) };
  const defect = defects.find(({ name }) => name === job.name)!;
  const before = cpuNow();
  const { shownBy, where } = defect;
  const core = await withDefect(defect);
  const found = shownBy === undefined ? findViolation(core, 1, job.seeds, defectPatience, where) : show(core, shownBy);
  return { kind: 'defect', name: job.name, found, cpu: cpuNow() - before };
}

function show(core: Core, name: string): Failure | undefined {
  const plan = readRegression(readFileSync(new URL(`regressions/${name}.txt`, import.meta.url), 'utf8'));
  const { violation } = simulatePlan(plan, core);
  return violation === undefined ? undefined : { seed: plan.seed, violation };
}

function runSeeds(first: number, count: number, resources: boolean): Tally {
  const tally = emptyTally();
  for (let seed = first; seed < first + count; seed++) {
    const before = cpuNow();
    const { plan, violation, steps, injected } = simulatePlan(planOf(seed, resources), realCore);
    const cpu = cpuNow() - before;
    tally.runs++;
    tally.simulated += plan.endAt;
    tally.faults += injected;
    tally.steps += steps;
    tally.cpu += cpu;
    if (isPlain(plan)) {
      tally.plain.simulated += plan.endAt;
      tally.plain.cpu += cpu;
    }
    if (violation !== undefined) tally.failures.push({ seed, violation });
  }
  return tally;
}

function isPlain({ nodes, arbiters, fast, shortensAt, store, links, wire, agents }: Plan): boolean {
  if (fast || shortensAt !== undefined) return false;
  return agents === undefined && nodes === 3 && arbiters === 0 && store === undefined && links === 1 && !wire;
}

function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
