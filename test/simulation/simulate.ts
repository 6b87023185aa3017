import { acceptor } from './checkers/acceptor.ts';
import { authentic } from './checkers/authentic.ts';
import { batching } from './checkers/batching.ts';
import type { Checker } from './checkers/checker.ts';
import { epochs } from './checkers/epochs.ts';
import { fencing } from './checkers/fencing.ts';
import { liveness } from './checkers/liveness.ts';
import { maintenance } from './checkers/maintenance.ts';
import { majority } from './checkers/majority.ts';
import { minority } from './checkers/minority.ts';
import { moves } from './checkers/moves.ts';
import { oneOpenGate } from './checkers/one-open-gate.ts';
import { oneRunner } from './checkers/one-runner.ts';
import { order } from './checkers/order.ts';
import { overlap } from './checkers/overlap.ts';
import { proposer } from './checkers/proposer.ts';
import { resources } from './checkers/resources.ts';
import { rules } from './checkers/rules.ts';
import { silence } from './checkers/silence.ts';
import { storeGrant } from './checkers/store-grant.ts';
import { takeover } from './checkers/takeover.ts';
import { turns } from './checkers/turns.ts';
import { waitedFor } from './checkers/waited-for.ts';
import type { Core } from './core.ts';
import type { Defect, Feature } from './defect.ts';
import { drawPlan } from './draw.ts';
import { drawPlanWithAgents } from './draw-agents.ts';
import { withDifferences } from './draw-differences.ts';
import { drawPlanWithFencing } from './draw-fencing.ts';
import { withOrders } from './draw-orders.ts';
import { withRules } from './draw-rules.ts';
import { withWider } from './draw-wider.ts';
import { Ledger } from './ledger.ts';
import type { Plan } from './plan.ts';
import { Violation } from './violation.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly plan: Plan;
  readonly steps: number;
  /** Faults that began, datagrams of strangers among them. */
  readonly injected: number;
  /** What was broken, with the true time; undefined where all held. */
  readonly violation: string | undefined;
}

/** Those that a run of this plan is judged by. */
export function checkersOf({
  drift,
  driftBound,
  store,
  agents,
  orders,
  rules: between,
  never,
}: Pick<Plan, 'drift' | 'driftBound' | 'store' | 'agents' | 'orders' | 'rules' | 'never'>): Checker[] {
  const always = [authentic(), batching(), moves(), epochs(), acceptor(), proposer(), turns(), liveness()];
  if (orders) always.push(maintenance());
  if (between !== undefined || never !== undefined) always.push(rules(), order());
  if (agents !== undefined) always.push(resources(), oneRunner(), fencing(), waitedFor());
  if (store !== undefined) return [oneOpenGate(), storeGrant(), ...always];
  const ledger = new Ledger();
  if (drift > driftBound) return [ledger, overlap(), majority(ledger), ...always];
  return [ledger, oneOpenGate(), majority(ledger), takeover(ledger), minority(ledger), silence(), ...always];
}

/** One run of one plan; the same plan and core give the same outcome. */
export function simulatePlan(plan: Plan, core: Core): Outcome {
  const world = new World(plan, core, checkersOf(plan), false);
  const violation = watch(world);
  return { plan, violation, steps: world.steps, injected: plan.faults.length + world.injected };
}

/** The plan of a seed, with or without resources that agents run. */
export function planOf(seed: number, withAgents: boolean): Plan {
  if (!withAgents) return withOrders(withWider(drawPlan(seed)));
  const plan = seed % 2 === 0 ? drawPlanWithFencing(seed) : drawPlanWithAgents(seed);
  return withOrders(withDifferences(withRules(withWider(plan))));
}

/** One run of one seed. */
export function simulate(seed: number, core: Core, withAgents = false): Outcome {
  return simulatePlan(planOf(seed, withAgents), core);
}

/** The same run again, told line by line. */
export function transcript(plan: Plan, core: Core): readonly string[] {
  const world = new World(plan, core, checkersOf(plan), true);
  const violation = watch(world);
  return [...world.lines!, violation === undefined ? 'all invariants held' : `VIOLATION ${violation}`];
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

/** What only plans with resources have. */
const withAgentsOnly: ReadonlySet<Feature> = new Set([
  'agents',
  'needs',
  'rules',
  'never',
  'unaware',
  'divided',
  'trusting',
]);

/** The first seed from `first` on that breaks an invariant, within so many seeds and milliseconds of processor time. */
export function findViolation(
  core: Core,
  first: number,
  seeds: number,
  cpuMs: number,
  where?: Defect['where'],
): { readonly seed: number; readonly violation: string } | undefined {
  const before = process.cpuUsage();
  const needed = where === undefined ? [] : [where].flat();
  const agents = needed.some((feature) => withAgentsOnly.has(feature));
  for (let seed = first; seed < first + seeds; seed++) {
    const plan = planOf(seed, agents);
    if (!needed.every((feature) => plan[feature])) continue;
    const { violation } = simulatePlan(plan, core);
    if (violation !== undefined) return { seed, violation };
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 > cpuMs) return undefined;
  }
  return undefined;
}
