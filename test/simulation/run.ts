/**
 * `npm run sim -- --seeds N | --minutes M | --seed S`: the deterministic simulation. Prints what it did, and where a seed
 * breaks an invariant the seed, the commit and the transcript; exit code 1 then.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { realCore } from './core.ts';
import { drawPlan } from './draw.ts';
import { simulate, transcript } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    failures: { type: 'string' },
  },
});

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown (no git here)';
  }
}

const started = performance.now();
const only = values.seed === undefined ? undefined : Number(values.seed);
const first = only ?? Number(values.from ?? 1);
const seeds =
  only !== undefined ? 1 : values.minutes !== undefined ? Number.POSITIVE_INFINITY : Number(values.seeds ?? 200);
const deadline = values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes) * 60_000;

let runs = 0;
let steps = 0;
let faults = 0;
let simulated = 0;
let failed = 0;
for (let seed = first; seed < first + seeds && performance.now() - started < deadline; seed++) {
  const outcome = simulate(seed, realCore);
  runs++;
  steps += outcome.steps;
  faults += outcome.plan.faults.length;
  simulated += outcome.plan.endAt;
  if (only !== undefined) console.log(transcript(drawPlan(seed), realCore).join('\n'));
  if (outcome.violation === undefined) continue;
  failed++;
  const lines = transcript(drawPlan(seed), realCore);
  console.log(`seed ${seed} at commit ${commit()}: ${outcome.violation}`);
  if (only === undefined) console.log(lines.slice(-40).join('\n'));
  console.log(`  again, whole: npm run sim -- --seed ${seed}`);
  if (failed >= Number(values.failures ?? 3)) break;
}
// By the processor's time: the machine may be busy with other things.
const { user, system } = process.cpuUsage();
const seconds = (user + system) / 1_000_000;
console.log(
  `${runs} seeds, ${(simulated / 3_600_000).toFixed(1)} cluster-hours, ${faults} faults, ${steps} steps ` +
    `(${Math.round(steps / seconds)} a second) in ${seconds.toFixed(1)} CPU s: ${failed === 0 ? 'no invariant broken' : `${failed} broken`}`,
);
process.exitCode = failed === 0 ? 0 : 1;
