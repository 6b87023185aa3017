import type { Checker } from './checkers/checker.ts';
import { liveness } from './checkers/liveness.ts';
import { majority } from './checkers/majority.ts';
import { oneOpenGate } from './checkers/one-open-gate.ts';
import type { Core } from './core.ts';
import { drawPlan, type Plan } from './plan.ts';
import { Violation } from './violation.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly plan: Plan;
  readonly steps: number;
  /** What was broken, with the true time; undefined where all held. */
  readonly violation: string | undefined;
}

function allCheckers(): Checker[] {
  return [oneOpenGate(), majority(), liveness()];
}

/** One run of one seed; the same seed and core give the same outcome. */
export function simulate(seed: number, core: Core): Outcome {
  const world = new World(drawPlan(seed), core, allCheckers(), false);
  return { plan: world.plan, violation: watch(world), steps: world.steps };
}

/** The same run again, told line by line. */
export function transcript(seed: number, core: Core): readonly string[] {
  const plan = drawPlan(seed);
  const world = new World(plan, core, allCheckers(), true);
  const violation = watch(world);
  const { faults, ...rest } = plan;
  return [
    `plan: ${JSON.stringify(rest)}`,
    `${faults.length} faults`,
    ...world.lines!,
    violation === undefined ? 'all invariants held' : `VIOLATION ${violation}`,
  ];
}

function watch(world: World): string | undefined {
  try {
    world.run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return `${error.message} (at ${world.now.toFixed(1)} ms)`;
  }
}

/** The first seed from `first` on that breaks an invariant, within so many seeds and milliseconds of processor time. */
export function findViolation(
  core: Core,
  first: number,
  seeds: number,
  cpuMs: number,
): { readonly seed: number; readonly violation: string } | undefined {
  const before = process.cpuUsage();
  for (let seed = first; seed < first + seeds; seed++) {
    const { violation } = simulate(seed, core);
    if (violation !== undefined) return { seed, violation };
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 > cpuMs) return undefined;
  }
  return undefined;
}
