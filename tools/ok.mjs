// The quick gate: types, lint, unit, scenario, tidy, and some seeds of the simulation.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { $ } from 'zx/core';

const run = $({
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, SIM_SEEDS: process.env.SIM_SEEDS ?? '20' },
  preferLocal: true,
  stdio: 'inherit',
  nothrow: true,
});
// The longest files first: one that begins last has a core wait for it.
const suites = [
  'test/simulation/**/*.test.ts',
  'test/scenario/**/*.test.ts',
  'test/unit/**/*.test.ts',
  'test/tidy.test.ts',
];
const side = ['--parallel', '--jobs', String(availableParallelism())];

const steps = [
  ['types', () => run`tsc --noEmit`],
  ['types of the core alone', () => run`tsc --noEmit -p src/core`],
  ['lint', () => run`biome check .`],
  ['unit, scenario, simulation, tidy', () => run`mocha ${side} --reporter dot ${suites}`],
];

for (const [title, step] of steps) {
  const started = Date.now();
  const { exitCode } = await step();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (exitCode !== 0) {
    console.error(`not ok: ${title} (${seconds} s)`);
    process.exit(1);
  }
  console.log(`ok: ${title} (${seconds} s)`);
}
