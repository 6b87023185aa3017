/**
 * The deterministic simulation:
 *
 *     npm run sim -- [--seeds N | --minutes M] [--first S] [--jobs J] [--failures F] [--out DIR] [--json FILE] [--check]
 *                 [--resources]    groups have resources, whose agents fail, hang and lie
 *     npm run sim -- --seed S          one seed, told whole
 *     npm run sim -- --replay FILE     a run that was kept, told whole
 *
 * Where a seed breaks an invariant it prints the seed, the commit and a file: the plan with as few faults as it needs, and
 * what happened. In `regressions/` that file is a test. Exit code 1 where something broke, or with --check a goal was missed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { realCore } from './core.ts';
import { figuresOf, showFigures } from './figures.ts';
import { addTally, emptyTally, type Failure } from './job.ts';
import type { Plan } from './plan.ts';
import { inParallel, processors, seedJobs } from './pool.ts';
import { minimised, readRegression, writeRegression } from './regression.ts';
import { planOf, transcript } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    first: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(processors) },
    failures: { type: 'string', default: '3' },
    out: { type: 'string', default: join(tmpdir(), 'muster-simulation') },
    json: { type: 'string' },
    check: { type: 'boolean', default: false },
    seed: { type: 'string' },
    replay: { type: 'string' },
    resources: { type: 'boolean', default: false },
  },
});

function tellWhole(plan: Plan): void {
  const told = transcript(plan, realCore);
  console.log(JSON.stringify(plan));
  console.log(told.join('\n'));
  if (told.at(-1)!.startsWith('VIOLATION')) process.exitCode = 1;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown (no git here)';
  }
}

function keep({ seed, violation }: Failure): void {
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `seed-${seed}.txt`);
  const plan = minimised(planOf(seed, values.resources), realCore, 20_000);
  const told = transcript(plan, realCore);
  writeFileSync(file, writeRegression([`seed ${seed} at commit ${commit()}: ${violation}`], plan, told));
  console.log(`seed ${seed} at commit ${commit()}: ${violation}`);
  console.log(`  with ${plan.faults.length} faults: ${told.at(-1)}`);
  console.log(
    `  kept in ${file}; again, whole: npm run sim -- ${values.resources ? '--resources ' : ''}--seed ${seed}`,
  );
}

async function runMany(): Promise<void> {
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const seeds = Number(values.seeds ?? (minutes === undefined ? 500 : Number.POSITIVE_INFINITY));
  const started = performance.now();
  const tally = emptyTally();
  const over = (): boolean =>
    tally.failures.length >= Number(values.failures) || performance.now() - started > (minutes ?? 1e9) * 60_000;
  await inParallel(Number(values.jobs), seedJobs(Number(values.first), seeds, over, values.resources), (done) => {
    if (done.kind !== 'seeds') return;
    addTally(tally, done.tally);
    if (!process.stdout.isTTY) return;
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(`\r${tally.runs} seeds, ${tally.failures.length} broken, ${seconds} s\x1b[K`);
  });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  const figures = figuresOf(tally, performance.now() - started);
  const failures = tally.failures.sort((left, right) => left.seed - right.seed);
  for (const failure of failures.slice(0, Number(values.failures))) keep(failure);
  console.log(showFigures(figures, failures.length));
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ commit: commit(), ...figures, failures }, undefined, 2)}\n`);
  process.exitCode = failures.length > 0 || (values.check && !figures.met) ? 1 : 0;
}

if (values.seed !== undefined) tellWhole(planOf(Number(values.seed), values.resources));
else if (values.replay !== undefined) tellWhole(readRegression(readFileSync(values.replay, 'utf8')));
else await runMany();
