import type { Core } from './core.ts';
import type { Plan } from './plan.ts';
import { simulatePlan } from './simulate.ts';

/**
 * A run that broke something once, as a file: lines with # say what it was, then the plan as JSON, and below a line of
 * dashes, which nobody has to keep, what happened.
 */
export function writeRegression(story: readonly string[], plan: Plan, told: readonly string[]): string {
  const { faults, ...cluster } = plan;
  const said = Object.entries(cluster).filter(([, value]) => value !== undefined);
  const lines = said.map(([key, value]) => `"${key}": ${JSON.stringify(value)},`);
  const all = faults.map((fault) => `  ${JSON.stringify(fault)}`).join(',\n');
  return [...story.map((line) => `# ${line}`), '{', ...lines, '"faults": [', all, ']', '}', '----', ...told, ''].join(
    '\n',
  );
}

/** The plan of such a file; throws SyntaxError where it is none. */
export function readRegression(text: string): Plan {
  const [given] = text.split('\n----\n');
  const lines = given!.split('\n').filter((line) => !line.startsWith('#'));
  return JSON.parse(lines.join('\n'), (key, value) => (key === 'endAt' && value === null ? 1e9 : value)) as Plan;
}

/**
 * The plan with as few faults as it needs to break something: halves, quarters, ... of them are left out as long as
 * something still breaks (Zeller, Hildebrandt: Simplifying and isolating failure-inducing input, 2002). Ends with what it
 * has after `patience` milliseconds.
 */
export function minimised(plan: Plan, core: Core, patience: number): Plan {
  const deadline = performance.now() + patience;
  let { faults } = plan;
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < faults.length && performance.now() < deadline; ) {
      const fewer = [...faults.slice(0, from), ...faults.slice(from + size)];
      if (simulatePlan({ ...plan, faults: fewer }, core).violation === undefined) from += size;
      else faults = fewer;
    }
  }
  return { ...plan, faults };
}
